// Servers that are busy, broken, slow, or no Doorward at all.
import assert from 'node:assert/strict'
import { check, Doorward, DoorwardError, end, failure, json, pause, stub } from './support.mjs'

const me = { id: 'user_1' }
const busy = { error: { code: 'rate_limited', message: 'too many' } }

for (const status of [429, 503]) {
  await check(`${status} is tried again after Retry-After`, async () => {
    const server = await stub((_, response, __, n) =>
      n === 1 ? json(response, status, busy, { 'retry-after': '1' }) : json(response, 200, me),
    )
    const began = Date.now()
    assert.deepEqual(await new Doorward({ baseUrl: server.url }).auth.me(), me)
    assert.ok(Date.now() - began >= 990)
    assert.equal(server.seen.length, 2)
    server.close()
  })
}

await check('tried again at most twice, or as often as was asked', async () => {
  for (const [retries, calls] of [[undefined, 3], [0, 1], [4, 5]]) {
    const server = await stub((_, response) => json(response, 503, busy, { 'retry-after': '0' }))
    const error = await failure(new Doorward({ baseUrl: server.url, retries }).auth.me())
    assert.deepEqual([error.status, error.code, error.retryAfter, server.seen.length], [503, 'rate_limited', 0, calls])
    server.close()
  }
})

await check('a far Retry-After is told instead of waited for, a date is understood', async () => {
  const date = new Date(Date.now() + 3_600_000).toUTCString()
  for (const header of ['86400', date]) {
    const server = await stub((_, response) => json(response, 429, busy, { 'retry-after': header }))
    const error = await failure(new Doorward({ baseUrl: server.url }).auth.login({ email: 'a', password: 'b' }))
    assert.equal(server.seen.length, 1)
    assert.ok(header === '86400' ? error.retryAfter === 86400 : Math.abs(error.retryAfter - 3600) < 5)
    server.close()
  }
})

await check('without a scope a sign-in takes the ID token of a client that is registered with openid', async () => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  let nonce
  const server = await stub((_, response) => {
    const id_token = `${part({ alg: 'RS256' })}.${part({ sub: 'user_1', nonce })}.AA`
    json(response, 200, { access_token: `${part({})}.${part({ sub: 'user_1', iat: 1 })}.AA`, token_type: 'Bearer', expires_in: 60, scope: 'openid', id_token })
  })
  const client = new Doorward({ baseUrl: server.url, clientId: 'client_1' })
  const asked = new URL(await client.signIn.start({ redirectUri: 'https://app.example/cb' })).searchParams
  // As the server does: what the request says, nothing where it says nothing.
  nonce = asked.get('nonce') ?? undefined
  const session = await client.signIn.finish(`https://app.example/cb?code=x&state=${asked.get('state')}`)
  assert.ok(session.idToken)
  server.close()
})

await check('a wait is aborted at once', async () => {
  const server = await stub((_, response) => json(response, 429, busy, { 'retry-after': '30' }))
  const controller = new AbortController()
  const call = new Doorward({ baseUrl: server.url }).auth.me({ signal: controller.signal })
  setTimeout(() => controller.abort(), 100)
  const began = Date.now()
  assert.equal((await failure(call)).name, 'AbortError')
  assert.ok(Date.now() - began < 2000)
  server.close()
})

const strange = {
  HTML: [(response) => response.end('<html>'), 200, 'invalid_response'],
  'HTML 502': [(response) => (response.writeHead(502), response.end('<html>')), 502, 'invalid_response'],
  'half a JSON': [(response) => response.end('{"id":"us'), 200, 'invalid_response'],
  'a text': [(response) => json(response, 200, 'hello'), 200, 'invalid_response'],
  null: [(response) => json(response, 200, null), 200, 'invalid_response'],
  nothing: [(response) => response.end(), 200, 'invalid_response'],
  'an error without a code': [(response) => json(response, 400, { error: 7 }), 400, 'invalid_response'],
  'a redirect': [(response) => (response.writeHead(307, { location: '/elsewhere' }), response.end()), 307, 'invalid_response'],
  'half a body': [(response) => (response.writeHead(200, { 'content-length': 100 }), response.write('{"id":', () => response.destroy())), 0, 'network_error'],
  'no answer': [(response) => response.destroy(), 0, 'network_error'],
}
for (const [name, [answer, status, code]] of Object.entries(strange)) {
  await check(`${name} is an error of its own`, async () => {
    const server = await stub((_, response) => answer(response))
    const client = new Doorward({ baseUrl: server.url, apiKey: 'k' })
    for (const call of [() => client.auth.me(), () => client.auth.login({ email: 'a', password: 'b' })]) {
      const error = await failure(call())
      assert.ok(error instanceof DoorwardError)
      assert.deepEqual([error.status, error.code], [status, code])
    }
    assert.equal(await client.auth.session(), null)
    assert.ok(server.seen.every(({ path }) => path !== '/elsewhere'), 'a password went on to where a redirect led')
    server.close()
  })
}

await check('a slow server, and one that stops in the middle, are timeouts', async () => {
  for (const start of [() => undefined, (response) => (response.writeHead(200), response.write('{"id":'))]) {
    const server = await stub((_, response) => void start(response))
    const began = Date.now()
    const error = await failure(new Doorward({ baseUrl: server.url, timeoutMs: 100 }).auth.me())
    assert.deepEqual([error.status, error.code], [0, 'timeout'])
    assert.ok(Date.now() - began < 2000)
    server.close()
  }
})

await check('a fetch that heeds no signal ends all the same', async () => {
  const client = new Doorward({ baseUrl: 'http://127.0.0.1:9', timeoutMs: 50, fetch: () => new Promise(() => undefined) })
  assert.equal((await failure(client.auth.me())).code, 'timeout')
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  const patient = new Doorward({ baseUrl: 'http://127.0.0.1:9', timeoutMs: 0, fetch: () => new Promise(() => undefined) })
  assert.equal((await failure(patient.auth.me(controller))).name, 'AbortError')
})

await check('a server that is not there is a network error with its cause', async () => {
  const error = await failure(new Doorward({ baseUrl: 'http://127.0.0.1:9' }).auth.me())
  assert.deepEqual([error.status, error.code], [0, 'network_error'])
  assert.ok(error.cause instanceof Error)
})

await check('wrong options are said at once', async () => {
  for (const options of [{}, { baseUrl: 'nowhere' }, { baseUrl: 'ftp://x' }, { baseUrl: 'http://x', retries: -1 }, { baseUrl: 'http://x', timeoutMs: NaN }]) {
    assert.throws(() => new Doorward(options), TypeError)
  }
  assert.throws(() => new Doorward({ baseUrl: 'http://x' }).verifier({}), TypeError)
  assert.equal((await failure(new Doorward({ baseUrl: 'http://x' }).tokens.clientCredentials())).name, 'TypeError')
})

await check('a listener that throws harms neither the call nor the others', async () => {
  const server = await stub((_, response) => json(response, 200, { accessToken: 'a', refreshToken: 'r' }))
  const client = new Doorward({ baseUrl: server.url })
  const caught = []
  const listen = (error) => caught.push(error)
  process.on('uncaughtException', listen)
  const heard = []
  client.onSessionChange(() => {
    throw new Error('mine')
  })
  client.onSessionChange((session) => heard.push(session.accessToken))
  await client.auth.login({ email: 'a', password: 'b' })
  await pause(10)
  process.off('uncaughtException', listen)
  assert.deepEqual([heard, caught.map((error) => error.message)], [['a'], ['mine']])
  server.close()
})

end()
