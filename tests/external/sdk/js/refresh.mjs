// Refreshing: once for all, through lost answers, among tabs, and no longer than the session lives.
import assert from 'node:assert/strict'
import { check, Doorward, email, end, failure, hasty, json, operate, password, pause, proxy, stub } from './support.mjs'

/** Until the client's access token has expired, as the server says when it is asked directly. */
async function expired(client) {
  const { accessToken } = await client.auth.session()
  for (;;) {
    const answer = await fetch(`${hasty}/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } })
    if (!answer.ok) return assert.equal((await answer.json()).error.code, 'token_expired')
    await pause(100)
  }
}

/** Storage that two clients share like tabs do. */
function shared({ slow = 0 } = {}) {
  const items = new Map()
  const late = async (value) => (slow ? (await pause(slow), value) : value)
  return {
    items,
    getItem: (key) => late(items.get(key) ?? null),
    setItem: (key, value) => late(void items.set(key, value)),
    removeItem: (key) => late(void items.delete(key)),
  }
}

await check('50 parallel calls on an expired token make one refresh', async () => {
  const between = await proxy(hasty)
  const client = new Doorward({ baseUrl: between.url })
  const { userId } = await client.auth.register({ email: email(), password })
  const heard = []
  client.onSessionChange((session) => heard.push(session))
  await expired(client)
  const all = await Promise.all(Array.from({ length: 50 }, () => client.auth.me()))
  assert.ok(all.every((me) => me.id === userId))
  assert.equal(between.count('/auth/refresh'), 1)
  assert.equal(heard.length, 1)
  between.close()
})

await check('50 parallel calls of refresh itself make one', async () => {
  const between = await proxy(hasty)
  const client = new Doorward({ baseUrl: between.url })
  const session = await client.auth.register({ email: email(), password })
  const all = await Promise.all(Array.from({ length: 50 }, (_, n) => client.auth.refresh(n % 2 ? session.refreshToken : undefined)))
  assert.equal(new Set(all.map((one) => one.refreshToken)).size, 1)
  assert.equal(between.count('/auth/refresh'), 1)
  between.close()
})

for (const slow of [0, 20]) {
  await check(`two tabs with one storage make one refresh, storage answering after ${slow} ms`, async () => {
    const between = await proxy(hasty)
    const storage = shared({ slow })
    const one = new Doorward({ baseUrl: between.url, storage })
    const two = new Doorward({ baseUrl: between.url, storage })
    await one.auth.register({ email: email(), password })
    assert.equal((await two.auth.me()).id, (await one.auth.me()).id)
    await expired(one)
    await Promise.all([one, two, one, two].map((tab) => tab.auth.me()))
    const [mine, other] = [await one.auth.session(), await two.auth.session()]
    assert.equal(mine.refreshToken, other.refreshToken)
    // Without Web Locks both may ask, one is refused within the grace and reads the storage.
    assert.ok(between.count('/auth/refresh') <= 2)
    await one.auth.refresh()
    assert.equal((await two.auth.me()).id, mine.userId)
    const heard = []
    two.onSessionChange((session) => heard.push(session))
    await one.auth.logout()
    assert.equal((await failure(two.auth.me())).code, 'missing_token')
    assert.deepEqual(heard, [null])
    between.close()
  })
}

await check('a refresh that never arrived is asked for again', async () => {
  const between = await proxy(hasty, ({ path, n }) => (path === '/auth/refresh' && n === 1 ? 'before' : undefined))
  const client = new Doorward({ baseUrl: between.url })
  await client.auth.register({ email: email(), password })
  await expired(client)
  const began = Date.now()
  await client.auth.me()
  assert.ok(Date.now() - began < 1500)
  assert.equal(between.count('/auth/refresh'), 2)
  between.close()
})

await check('an answer cut off in the middle loses nobody’s session', async () => {
  const between = await proxy(hasty, ({ path, n }) => (path === '/auth/refresh' && n === 1 ? 'after' : undefined))
  const client = new Doorward({ baseUrl: between.url })
  const { userId } = await client.auth.register({ email: email(), password })
  await expired(client)
  const all = await Promise.all(Array.from({ length: 10 }, () => client.auth.me()))
  assert.ok(all.every((me) => me.id === userId))
  await client.auth.refresh()
  assert.equal((await client.auth.me()).id, userId)
  between.close()
})

await check('a page that was closed in the middle of a refresh goes on when it is loaded again', async () => {
  const storage = shared()
  const client = new Doorward({ baseUrl: hasty, storage })
  const { userId, refreshToken } = await client.auth.register({ email: email(), password })
  // The answer of this one is lost with the page.
  const answer = await fetch(`${hasty}/auth/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ refreshToken }),
  })
  assert.equal(answer.status, 200)
  await expired(client)
  const loaded = new Doorward({ baseUrl: hasty, storage })
  assert.equal((await loaded.auth.me()).id, userId)
})

/** A server that keeps section 4's rule, with a clock of its own. */
function keeping(rule, lose) {
  let now = 'rt_0'
  let used
  let made = 0
  return stub((request, response, body) => {
    if (request.url !== '/auth/refresh') {
      const good = request.headers.authorization === `Bearer at_${made}` && made > 0
      return good ? json(response, 200, { id: 'user_1' }) : json(response, 401, { error: { code: 'token_expired', message: 'm' } })
    }
    const { refreshToken } = JSON.parse(body)
    const fresh = refreshToken === now
    const retried = refreshToken === used?.token && Date.now() - used.at >= rule.grace
    if (!fresh && !retried) return json(response, 401, { error: { code: 'token_revoked', message: 'm' } })
    if (fresh) used = { token: now, at: Date.now() }
    now = `rt_${++made}`
    if (lose(made)) return response.destroy()
    const rest = { tokenType: 'Bearer', expiresIn: 1, scope: '', userId: 'user_1', issuedAt: new Date().toISOString() }
    return json(response, 200, { accessToken: `at_${made}`, refreshToken: now, ...rest })
  })
}
const stored = (url, refreshToken = 'rt_0') => {
  const rest = { tokenType: 'Bearer', expiresIn: 1, scope: '', userId: 'user_1', issuedAt: '' }
  const held = { session: { accessToken: 'at_0', refreshToken, ...rest }, receivedAt: 0 }
  const storage = shared()
  storage.items.set(`doorward:${url}`, JSON.stringify(held))
  return storage
}

await check('two answers in a row may be lost', async () => {
  const server = await keeping({ grace: 2000 }, (made) => made <= 2)
  const client = new Doorward({ baseUrl: server.url, storage: stored(server.url) })
  assert.equal((await client.auth.me()).id, 'user_1')
  server.close()
})

await check('what is no answer of Doorward’s ends no session', async () => {
  const answers = {
    html: (response) => response.end('<html>captive portal</html>'),
    'half a body': (response) => response.end('{"accessToken":"at'),
    nothing: (response) => response.end(),
    'an object of another kind': (response) => json(response, 200, { ok: true }),
    '401 in HTML': (response) => (response.writeHead(401), response.end('<html>')),
    '500': (response) => json(response, 500, { error: { code: 'internal_error', message: 'm' } }),
    '503': (response) => json(response, 503, { error: { code: 'overloaded', message: 'm' } }, { 'retry-after': '0' }),
    '400': (response) => json(response, 400, { error: { code: 'invalid_request', message: 'm' } }),
    'a redirect': (response) => (response.writeHead(307, { location: '/elsewhere' }), response.end()),
  }
  await Promise.all(
    Object.entries(answers).map(async ([name, answer]) => {
      const server = await stub((request, response) => {
        if (request.url === '/auth/refresh') return answer(response)
        assert.notEqual(request.url, '/elsewhere', 'a token went on to where a redirect led')
        return json(response, 401, { error: { code: 'token_expired', message: 'm' } })
      })
      const client = new Doorward({ baseUrl: server.url, storage: stored(server.url) })
      const error = await failure(client.auth.me())
      assert.equal(error.name, 'DoorwardError', name)
      assert.equal((await client.auth.session())?.refreshToken, 'rt_0', name)
      server.close()
    }),
  )
})

await check('a call whose refreshed token is refused too is not tried forever', async () => {
  const server = await stub((request, response, _, n) => {
    const rest = { tokenType: 'Bearer', expiresIn: 1, scope: '', userId: 'user_1', issuedAt: '' }
    if (request.url === '/auth/refresh') return json(response, 200, { accessToken: `at_${n}`, refreshToken: `rt_${n}`, ...rest })
    return json(response, 401, { error: { code: 'token_expired', message: 'm' } })
  })
  const client = new Doorward({ baseUrl: server.url, storage: stored(server.url) })
  assert.equal((await failure(client.auth.me())).code, 'token_expired')
  assert.equal(server.seen.length, 3)
  assert.notEqual(await client.auth.session(), null)
  server.close()
})

await check('a call that is refused after the refresh is over takes the session that is there', async () => {
  let refreshes = 0
  let release
  const late = new Promise((done) => (release = done))
  const rest = { tokenType: 'Bearer', expiresIn: 1, scope: '', userId: 'user_1', issuedAt: '' }
  const server = await stub(async (request, response) => {
    if (request.url === '/auth/refresh') {
      refreshes++
      return json(response, 200, { accessToken: `at_${refreshes}`, refreshToken: `rt_${refreshes}`, ...rest })
    }
    if (request.headers.authorization !== 'Bearer at_0') return json(response, 200, { id: 'user_1' })
    if (request.url === '/apikey') await late
    return json(response, 401, { error: { code: 'token_expired', message: 'm' } })
  })
  const client = new Doorward({ baseUrl: server.url, storage: stored(server.url) })
  const slow = client.apiKeys.list()
  await client.auth.me()
  release()
  await slow
  assert.equal(refreshes, 1)
  server.close()
})

await check('signing out during a refresh stays signed out', async () => {
  let release
  const held = new Promise((done) => (release = done))
  const between = await proxy(hasty, async ({ path }) => void (path === '/auth/refresh' && (await held)))
  const storage = shared()
  const client = new Doorward({ baseUrl: between.url, storage })
  const tab = new Doorward({ baseUrl: between.url, storage })
  await client.auth.register({ email: email(), password })
  const refreshing = client.auth.refresh()
  await pause(50)
  await tab.auth.logout()
  release()
  await failure(refreshing)
  assert.equal(await client.auth.session(), null)
  assert.equal(storage.items.size, 0)
  between.close()
})

await check('an aborted caller leaves the refresh to the others', async () => {
  let release
  const held = new Promise((done) => (release = done))
  const between = await proxy(hasty, async ({ path }) => void (path === '/auth/refresh' && (await held)))
  const client = new Doorward({ baseUrl: between.url })
  await client.auth.register({ email: email(), password })
  await expired(client)
  const controller = new AbortController()
  const aborted = client.auth.me({ signal: controller.signal })
  const other = client.auth.me()
  await pause(100)
  controller.abort()
  assert.equal((await failure(aborted)).name, 'AbortError')
  release()
  await other
  assert.equal(between.count('/auth/refresh'), 1)
  between.close()
})

await check('a storage that fails signs nobody out', async () => {
  const broken = () => {
    throw new Error('QuotaExceededError')
  }
  const client = new Doorward({ baseUrl: hasty, storage: { getItem: broken, setItem: broken, removeItem: broken } })
  const { userId } = await client.auth.register({ email: email(), password })
  await expired(client)
  assert.equal((await client.auth.me()).id, userId)
  await client.auth.logout()
  assert.equal(await client.auth.session(), null)
})

await check('a storage that holds something else holds no session', async () => {
  for (const text of ['', '{', 'null', '[]', '{"session":{}}', '7']) {
    const storage = shared()
    storage.items.set(`doorward:${hasty}`, text)
    const client = new Doorward({ baseUrl: hasty, storage })
    assert.equal(await client.auth.session(), null)
    await client.auth.register({ email: email(), password })
    assert.ok(await client.auth.session())
  }
})

await check('accessToken refreshes what is about to end', async () => {
  const between = await proxy(hasty)
  const client = new Doorward({ baseUrl: between.url })
  assert.equal(await client.auth.accessToken(), null)
  const { accessToken } = await client.auth.register({ email: email(), password })
  assert.equal(await client.auth.accessToken(), accessToken)
  await pause(2750)
  const [one, two] = await Promise.all([client.auth.accessToken(), client.auth.accessToken()])
  assert.notEqual(one, accessToken)
  assert.equal(one, two)
  assert.equal(between.count('/auth/refresh'), 1)
  between.close()
})

await check('a disabled account is signed out', async () => {
  const client = new Doorward({ baseUrl: hasty, storage: shared() })
  const { userId } = await client.auth.register({ email: email(), password })
  await operate(`/admin/users/${userId}`, { disabled: true }, { server: hasty, method: 'PATCH' })
  assert.equal((await failure(client.auth.me())).status, 401)
  assert.equal(await client.auth.session(), null)
})

end()
