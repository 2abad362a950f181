// The calls, against the real server: the first page's snippets as they stand, then everything else that there is.
import assert from 'node:assert/strict'
import { check, Doorward, DoorwardError, email, end, failure, hasty, issuer, operate, password, stub, json } from './support.mjs'

await check('the snippets of the first page run as they stand', async () => {
  const address = email()
  await new Doorward({ baseUrl: issuer }).auth.register({ email: address, password: 'securePassword123' })
  const commerce = new Doorward({ baseUrl: issuer })
  const session = await commerce.auth.login({ email: address, password: 'securePassword123' })
  const newSession = await commerce.auth.register({
    email: email(),
    password: 'securePassword123',
    firstName: 'Jane',
    lastName: 'Doe',
  })
  const refreshed = await commerce.auth.refresh(session.refreshToken)
  const me = await commerce.auth.me()
  await commerce.auth.logout()
  assert.equal(newSession.user.firstName, 'Jane')
  assert.equal(refreshed.userId, session.userId)
  assert.notEqual(refreshed.refreshToken, session.refreshToken)
  assert.equal(me.email, address)
  assert.deepEqual(Object.keys(session).sort(), [
    ...['accessToken', 'expiresIn', 'issuedAt', 'refreshToken', 'scope', 'tokenType', 'userId'],
  ])
  assert.equal((await failure(new Doorward({ baseUrl: issuer, apiKey: refreshed.accessToken }).auth.me())).code, 'token_revoked')
  assert.equal((await failure(commerce.auth.me())).code, 'missing_token')
  await commerce.auth.logout()
})

await check('an error has the status, code, field, message and request id of the answer', async () => {
  const client = new Doorward({ baseUrl: `${issuer}/` })
  const error = await failure(client.auth.register({ email: 'nobody', password }))
  assert.ok(error instanceof DoorwardError && error instanceof Error)
  assert.deepEqual([error.name, error.status, error.code, error.field], ['DoorwardError', 422, 'validation_failed', 'email'])
  assert.match(error.requestId, /^[0-9a-z]{26}$/)
  assert.ok(error.message.length > 0)
  assert.equal(error.retryAfter, undefined)
  const wrong = await failure(client.auth.login({ email: email(), password: 'wrong password' }))
  assert.deepEqual([wrong.status, wrong.code], [401, 'invalid_credentials'])
})

await check('listeners hear of login, register, refresh and the end, until they leave', async () => {
  const client = new Doorward({ baseUrl: issuer })
  const heard = []
  const leave = client.onSessionChange((session) => heard.push(session && session.refreshToken))
  const address = email()
  const first = await client.auth.register({ email: address, password })
  const second = await client.auth.login({ email: address, password })
  const third = await client.auth.refresh()
  await client.auth.logout()
  leave()
  await client.auth.login({ email: address, password })
  assert.deepEqual(heard, [first.refreshToken, second.refreshToken, third.refreshToken, null])
})

await check('a session that was ended elsewhere is over here', async () => {
  const client = new Doorward({ baseUrl: issuer })
  const { userId } = await client.auth.register({ email: email(), password })
  const heard = []
  client.onSessionChange((session) => heard.push(session))
  await operate(`/admin/users/${userId}/sessions/revoke`, {})
  assert.equal((await failure(client.auth.me())).code, 'token_revoked')
  assert.deepEqual(heard, [null])
  assert.equal(await client.auth.session(), null)
})

await check('a refused refresh ends the session at once where nobody else can hold it', async () => {
  const client = new Doorward({ baseUrl: issuer })
  const { userId } = await client.auth.register({ email: email(), password })
  await operate(`/admin/users/${userId}/sessions/revoke`, {})
  const began = Date.now()
  assert.equal((await failure(client.auth.refresh())).code, 'token_revoked')
  assert.ok(Date.now() - began < 1500)
  assert.equal(await client.auth.session(), null)
})

await check('profile, password and own sessions', async () => {
  const client = new Doorward({ baseUrl: issuer })
  const other = new Doorward({ baseUrl: issuer })
  const address = email()
  await client.auth.register({ email: address, password, firstName: 'Ada' })
  await other.auth.login({ email: address, password })
  assert.equal((await client.auth.updateProfile({ lastName: 'Lovelace' })).lastName, 'Lovelace')
  assert.equal((await client.auth.updateProfile({ firstName: null })).firstName, null)
  const { data, pagination } = await client.auth.sessions.list({ limit: 1 })
  assert.deepEqual([data.length, pagination.total, pagination.hasMore], [1, 2, true])
  const all = (await client.auth.sessions.list()).data
  await client.auth.sessions.revoke(all.find((one) => !one.current).id)
  assert.equal((await failure(other.auth.me())).code, 'token_revoked')
  await other.auth.login({ email: address, password })
  await client.auth.changePassword({ currentPassword: password, newPassword: 'another horse battery' })
  assert.equal((await failure(other.auth.me())).code, 'token_revoked')
  assert.equal((await client.auth.me()).lastName, 'Lovelace')
})

await check('API keys: minted, listed, shown, changed, rotated, revoked; a session wins over a key', async () => {
  const client = new Doorward({ baseUrl: issuer })
  const { userId } = await client.auth.register({ email: email(), password })
  const minted = await client.apiKeys.create({ name: 'export', scopes: ['read:orders', 'write'], environment: 'test' })
  assert.match(minted.key, /^sk_test_/)
  assert.equal((await client.apiKeys.list({ limit: 5 })).data[0].id, minted.id)
  assert.equal((await client.apiKeys.get(minted.id)).name, 'export')
  assert.deepEqual((await client.apiKeys.update(minted.id, { name: 'x', scopes: ['read:orders'] })).scopes, ['read:orders'])
  const byKey = new Doorward({ baseUrl: issuer, apiKey: minted.key })
  assert.equal((await byKey.auth.me()).id, userId)
  assert.equal((await failure(byKey.auth.logout())).status, 403)
  const rotated = await client.apiKeys.rotate(minted.id)
  assert.equal((await failure(byKey.auth.me())).code, 'token_revoked')
  const both = new Doorward({ baseUrl: issuer, apiKey: rotated.key })
  const someone = await both.auth.register({ email: email(), password })
  assert.equal((await both.auth.me()).id, someone.userId)
  await both.auth.logout()
  assert.equal((await both.auth.me()).id, userId)
  await client.apiKeys.revoke(rotated.id)
  assert.equal((await failure(both.auth.me())).code, 'token_revoked')
  assert.equal((await failure(client.apiKeys.get('key_01jd0000000000000000000000'))).code, 'not_found')
})

const scopes = ['read:orders', 'write']
const registered = await operate('/admin/clients', {
  name: 'billing & co',
  redirectUris: [],
  grantTypes: ['client_credentials'],
  scopes,
  resources: ['https://orders.example/'],
  confidential: true,
})
const service = () =>
  new Doorward({ baseUrl: issuer, clientId: registered.clientId, clientSecret: registered.clientSecret })

await check('client credentials are asked for once, for each scope and resource', async () => {
  const client = service()
  const many = await Promise.all(Array.from({ length: 20 }, () => client.tokens.clientCredentials()))
  assert.equal(new Set(many.map((one) => one.accessToken)).size, 1)
  assert.deepEqual(many[0], { accessToken: many[0].accessToken, tokenType: 'Bearer', expiresIn: 7200, scope: 'read:orders write' })
  const narrow = await client.tokens.clientCredentials({ scope: 'read:orders' })
  assert.equal(narrow.scope, 'read:orders')
  const resource = await client.tokens.clientCredentials({ resource: 'https://orders.example/' })
  const about = await client.tokens.introspect(resource.accessToken)
  assert.deepEqual([about.active, about.client_id], [true, registered.clientId])
  await client.tokens.revoke(resource.accessToken)
  assert.deepEqual(await client.tokens.introspect(resource.accessToken), { active: false })
  assert.equal((await client.tokens.clientCredentials()).accessToken, many[0].accessToken)
})

await check('client credentials are asked for again shortly before their end', async () => {
  const server = await stub((_, response, __, n) => {
    json(response, 200, { access_token: `token ${n}`, token_type: 'Bearer', expires_in: 1, scope: 'read' })
  })
  const client = new Doorward({ baseUrl: server.url, clientId: 'a', clientSecret: 'b' })
  const real = Date.now
  try {
    const begin = real()
    Date.now = () => begin
    assert.equal((await client.tokens.clientCredentials()).accessToken, 'token 1')
    Date.now = () => begin + 899
    assert.equal((await client.tokens.clientCredentials()).accessToken, 'token 1')
    Date.now = () => begin + 900
    assert.equal((await client.tokens.clientCredentials()).accessToken, 'token 2')
  } finally {
    Date.now = real
    server.close()
  }
})

await check('OAuth errors have their error as code and their description as message', async () => {
  const client = new Doorward({ baseUrl: issuer, clientId: registered.clientId, clientSecret: 'wrong: %' })
  const error = await failure(client.tokens.clientCredentials())
  assert.deepEqual([error.status, error.code, error.message], [401, 'invalid_client', 'client authentication failed'])
  const scope = await failure(service().tokens.clientCredentials({ scope: 'admin' }))
  assert.deepEqual([scope.status, scope.code], [400, 'invalid_scope'])
})

await check('introspection with an API key', async () => {
  const client = new Doorward({ baseUrl: issuer, apiKey: process.env.OPERATOR_KEY })
  const { accessToken } = await service().tokens.clientCredentials()
  assert.equal((await client.tokens.introspect(accessToken)).active, true)
})

await check('keys are verified as the client, or with the key that the SDK holds', async () => {
  const answer = { valid: true, code: 'valid', keyId: 'key_1', scopes: ['read'], rateLimit: { limit: 2, remaining: 1, resetSeconds: 3 } }
  const server = await stub((_, response) => json(response, 200, answer))
  const asClient = new Doorward({ baseUrl: server.url, clientId: 'a b', clientSecret: 'c:d' })
  assert.deepEqual(await asClient.apiKeys.verify({ key: 'sk_live_x', scopes: ['read'], ip: '::1', cost: 2 }), answer)
  await new Doorward({ baseUrl: server.url, apiKey: 'sk_live_y' }).apiKeys.verify('sk_live_x')
  const [first, second] = server.seen
  assert.equal(first.headers.authorization, `Basic ${btoa('a+b:c%3Ad')}`)
  assert.deepEqual([first.method, first.path, JSON.parse(first.body)], ['POST', '/apikey/verify', { key: 'sk_live_x', scopes: ['read'], ip: '::1', cost: 2 }])
  assert.deepEqual([second.headers.authorization, JSON.parse(second.body)], ['Bearer sk_live_y', { key: 'sk_live_x' }])
  server.close()
})

await check('every method can be aborted, before and during the call', async () => {
  const server = await stub(() => undefined)
  const client = new Doorward({ baseUrl: server.url, apiKey: 'k', clientId: 'a', clientSecret: 'b' })
  const calls = {
    login: (o) => client.auth.login({ email: 'a', password: 'b' }, o),
    register: (o) => client.auth.register({ email: 'a', password: 'b' }, o),
    refresh: (o) => client.auth.refresh('rt_x', o),
    me: (o) => client.auth.me(o),
    logout: (o) => client.auth.logout(o),
    updateProfile: (o) => client.auth.updateProfile({}, o),
    changePassword: (o) => client.auth.changePassword({ currentPassword: 'a', newPassword: 'b' }, o),
    'sessions.list': (o) => client.auth.sessions.list(o),
    'sessions.list with a query': (o) => client.auth.sessions.list({ limit: 1 }, o),
    'sessions.revoke': (o) => client.auth.sessions.revoke('ses_1', o),
    create: (o) => client.apiKeys.create({ name: 'a', scopes: [] }, o),
    list: (o) => client.apiKeys.list({}, o),
    get: (o) => client.apiKeys.get('key_1', o),
    update: (o) => client.apiKeys.update('key_1', {}, o),
    rotate: (o) => client.apiKeys.rotate('key_1', o),
    revoke: (o) => client.apiKeys.revoke('key_1', o),
    verify: (o) => client.apiKeys.verify({ key: 'a' }, o),
    clientCredentials: (o) => client.tokens.clientCredentials(o),
    introspect: (o) => client.tokens.introspect('a', o),
    'tokens.revoke': (o) => client.tokens.revoke('a', o),
    'signIn.start': (o) => client.signIn.start({ redirectUri: 'https://app.example/cb' }, o),
    'signIn.finish': (o) => client.signIn.finish('https://app.example/cb?state=x&code=y', o),
    'refresh of the held session': (o) => client.auth.refresh(o),
    session: (o) => client.auth.session(o),
    accessToken: (o) => client.auth.accessToken(o),
    'logout without anything': (o) => new Doorward({ baseUrl: server.url }).auth.logout(o),
    'verifier.verify': (o) => client.verifier({ audience: 'a' }).verify('e30.e30.e30', o),
  }
  // What needs no answer of the server is over before it could be aborted.
  const alone = new Set(['verifier.verify', 'signIn.start', 'signIn.finish', 'refresh of the held session', 'session', 'accessToken', 'logout without anything'])
  for (const [name, call] of Object.entries(calls)) {
    const before = server.seen.length
    const error = await failure(call({ signal: AbortSignal.abort() }))
    assert.equal(error.name, 'AbortError', name)
    assert.equal(server.seen.length, before, name)
    if (alone.has(name)) continue
    const controller = new AbortController()
    const running = call({ signal: controller.signal })
    setTimeout(() => controller.abort(new Error('my own reason')), 30)
    assert.equal((await failure(running)).name, 'AbortError', name)
  }
  server.close()
})

void hasty
end()
