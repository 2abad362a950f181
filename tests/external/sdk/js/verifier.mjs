// The verifier: real tokens, tokens that are not good, keys that rotate or cannot be had; and the middlewares.
import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { serve } from '@hono/node-server'
import { requireScope as express_ } from '@doorward/sdk/express'
import { requireScope as fastify_ } from '@doorward/sdk/fastify'
import { requireScope as hono_ } from '@doorward/sdk/hono'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { check, covers, Doorward, email, end, failure, issuer, json, operate, password, stub } from './support.mjs'

const audience = 'https://orders.example/'
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signer(kid, alg) {
  const kinds = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519', {}] }
  const { publicKey, privateKey } = generateKeyPairSync(...kinds[alg])
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }
  const signature = (data) =>
    sign(alg === 'EdDSA' ? null : 'sha256', Buffer.from(data), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
  return { kid, alg, jwk, header: { typ: 'at+jwt', alg, kid }, signature }
}

function token(by, claims, header = by.header) {
  const data = `${part(header)}.${part(claims)}`
  return `${data}.${by.signature(data)}`
}

async function published(...signers) {
  const state = { signers, asked: 0, down: false, hangs: false }
  const server = await stub((request, response) => {
    if (request.url !== '/.well-known/jwks.json') return json(response, 200, { issuer: server.url })
    state.asked++
    if (state.down) return response.destroy()
    if (state.hangs) return undefined
    return json(response, 200, { keys: state.signers.map(({ jwk }) => jwk) })
  })
  return Object.assign(state, { url: server.url, close: server.close })
}
const now = () => Math.floor(Date.now() / 1000)
const claims = (iss) => ({
  ...{ iss, sub: 'user_1', aud: ['other', audience], exp: now() + 60, iat: now(), jti: 'j', client_id: 'client_1' },
  ...{ scope: 'read write', sid: 'ses_1' },
})

await check('real tokens are verified, across a rotation of keys', async () => {
  const client = { name: 'x', redirectUris: [], grantTypes: ['client_credentials'], scopes: ['read'], resources: [audience], confidential: true }
  const { clientId, clientSecret } = await operate('/admin/clients', client)
  const doorward = new Doorward({ baseUrl: issuer, clientId, clientSecret })
  const verifier = doorward.verifier({ audience })
  const before = await doorward.tokens.clientCredentials({ resource: audience })
  const verified = await verifier.verify(before.accessToken)
  assert.deepEqual([verified.sub, verified.client_id, verified.scope, verified.iss], [clientId, clientId, 'read', issuer])
  await operate('/admin/keys/rotate', {})
  const after = await doorward.tokens.clientCredentials({ resource: audience, scope: 'read' })
  await verifier.verify(after.accessToken)
  await verifier.verify(before.accessToken)
  const person = await doorward.auth.register({ email: email(), password })
  assert.equal((await failure(verifier.verify(person.accessToken))).code, 'invalid_token')
  assert.equal((await doorward.verifier({ audience: issuer }).verify(person.accessToken)).sub, person.userId)
})

await check('each algorithm, with one look for the keys', async () => {
  const signers = ['RS256', 'ES256', 'EdDSA'].map((alg) => signer(alg, alg))
  const server = await published(...signers)
  const verifier = new Doorward({ baseUrl: server.url }).verifier({ audience })
  const tokens = [...signers, ...signers, ...signers].map((one) => token(one, claims(server.url)))
  const all = await Promise.all(tokens.map((one) => verifier.verify(one)))
  assert.ok(all.every(({ sub }) => sub === 'user_1'))
  assert.equal(server.asked, 1)
  server.close()
})

await check('what is no good token is invalid_token, and an expired one token_expired', async () => {
  const [key, foreign, curve] = [signer('r', 'RS256'), signer('r', 'RS256'), signer('d', 'EdDSA')]
  const server = await published(key, curve)
  const verifier = new Doorward({ baseUrl: server.url }).verifier({ audience })
  const good = claims(server.url)
  const { aud: _, ...noAudience } = good
  const { exp: __, ...noEnd } = good
  const hmac = { signature: (data) => createHmac('sha256', key.jwk.n).update(data).digest('base64url') }
  const whole = token(key, good)
  const [head, body, signature] = whole.split('.')
  // 2048 bits leave four over in the last character.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const respelt = signature.slice(0, -1) + alphabet[alphabet.indexOf(signature.at(-1)) ^ 1]
  const cases = {
    nothing: '',
    undefined: undefined,
    'an API key': 'sk_live_0123456789012345678901234567890123456',
    'two parts': `${head}.${body}`,
    'four parts': `${whole}.x`,
    'no signature': `${head}.${body}.`,
    padding: `${whole}=`,
    'another spelling of the signature': `${head}.${body}.${respelt}`,
    'a foreign key': token(foreign, good),
    HS256: token(hmac, good, { typ: 'at+jwt', alg: 'HS256', kid: 'r' }),
    none: token(hmac, good, { typ: 'at+jwt', alg: 'none', kid: 'r' }),
    'another key’s alg': token(curve, good, { ...curve.header, alg: 'RS256' }),
    'an ID token': token(key, good, { ...key.header, typ: 'JWT' }),
    'no typ': token(key, good, { alg: 'RS256', kid: 'r' }),
    'no kid': token(key, good, { typ: 'at+jwt', alg: 'RS256' }),
    crit: token(key, good, { ...key.header, crit: ['exp'] }),
    'another issuer': token(key, { ...good, iss: 'https://evil.example' }),
    'another audience': token(key, { ...good, aud: server.url }),
    'no audience': token(key, noAudience),
    'no subject': token(key, { ...good, sub: '' }),
    'no end': token(key, noEnd),
    'an end in words': token(key, { ...good, exp: '9999999999' }),
    'no iat': token(key, { ...good, iat: null }),
    'not yet': token(key, { ...good, nbf: now() + 60 }),
    'scopes as a list': token(key, { ...good, scope: ['admin'] }),
    'expired, for another audience': token(key, { ...good, exp: 1, aud: 'x' }),
  }
  for (const [name, one] of Object.entries(cases)) {
    const error = await failure(verifier.verify(one))
    assert.deepEqual([error.name, error.status, error.code], ['DoorwardError', 401, 'invalid_token'], name)
  }
  const real = Date.now
  try {
    const frozen = token(key, { ...good, exp: now() + 60 })
    const ends = (now() + 60) * 1000
    Date.now = () => ends - 1
    await verifier.verify(frozen)
    Date.now = () => ends
    assert.equal((await failure(verifier.verify(frozen))).code, 'token_expired')
  } finally {
    Date.now = real
  }
  server.close()
})

await check('unknown keys are looked for, and not more often than that', async () => {
  const [first, second] = [signer('1', 'EdDSA'), signer('2', 'EdDSA')]
  const server = await published(first)
  const verifier = new Doorward({ baseUrl: server.url }).verifier({ audience })
  await verifier.verify(token(first, claims(server.url)))
  server.signers = [first, second]
  await verifier.verify(token(second, claims(server.url)))
  for (let n = 0; n < 100; n++) {
    const forged = token(first, claims(server.url), { ...first.header, kid: `forged ${n}` })
    assert.equal((await failure(verifier.verify(forged))).code, 'invalid_token')
  }
  assert.ok(server.asked <= 4, `asked ${server.asked} times`)
  server.down = true
  await verifier.verify(token(second, claims(server.url)))
  server.close()
})

await check('keys that are weak or of another use are none', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const other = signer('enc', 'ES256')
  other.jwk.use = 'enc'
  const small = { kid: 'weak', alg: 'RS256', header: { typ: 'at+jwt', alg: 'RS256', kid: 'weak' }, jwk: { ...weak.publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' }, signature: (data) => sign('sha256', Buffer.from(data), weak.privateKey).toString('base64url') }
  const server = await published(small, other, signer('good', 'EdDSA'))
  const verifier = new Doorward({ baseUrl: server.url }).verifier({ audience })
  for (const one of [small, other]) {
    assert.equal((await failure(verifier.verify(token(one, claims(server.url))))).code, 'invalid_token')
  }
  server.close()
})

await check('a server that hangs holds tokens of known keys up for a moment only', async () => {
  const key = signer('1', 'EdDSA')
  const server = await published(key)
  const verifier = new Doorward({ baseUrl: server.url }).verifier({ audience })
  const good = token(key, { ...claims(server.url), exp: Math.floor(Date.now() / 1000) + 3600 })
  await verifier.verify(good)
  server.hangs = true
  const [clock, began] = [Date.now, performance.now()]
  Date.now = () => clock() + 301_000
  try {
    for (let n = 0; n < 20; n++) await verifier.verify(good)
    assert.ok(performance.now() - began < 3000)
  } finally {
    Date.now = clock
    server.close()
  }
})

await check('where the server does not answer its keys serve on for a day, and no longer', async () => {
  const key = signer('1', 'EdDSA')
  const server = await published(key)
  const verifier = new Doorward({ baseUrl: server.url }).verifier({ audience })
  const good = token(key, { ...claims(server.url), exp: now() + 7 * 86_400 })
  await verifier.verify(good)
  server.down = true
  const clock = Date.now
  try {
    Date.now = () => clock() + 86_340_000
    await verifier.verify(good)
    Date.now = () => clock() + 86_400_000
    assert.equal((await failure(verifier.verify(good))).code, 'network_error')
    server.down = false
    await verifier.verify(good)
  } finally {
    Date.now = clock
    server.close()
  }
})

await check('a server is not named by what a proxy knows nothing of', async () => {
  const key = signer('1', 'EdDSA')
  let starts = true
  const inner = await stub((request, response) => {
    if (request.url === '/.well-known/jwks.json') return json(response, 200, { keys: [key.jwk] })
    return starts ? json(response, 404, {}) : json(response, 200, { issuer: 'https://id.example' })
  })
  const verifier = new Doorward({ baseUrl: inner.url }).verifier({ audience })
  const good = token(key, claims('https://id.example'))
  const error = await failure(verifier.verify(good))
  assert.deepEqual([error.status, error.code], [404, 'invalid_response'])
  starts = false
  await verifier.verify(good)
  inner.close()
})

await check('one rule of scopes', () => {
  assert.ok(covers('read write', 'read:orders') && covers('read:orders', 'read:orders') && covers(['admin'], 'admin:users:read'))
  assert.ok(!covers('read:orders', 'read') && !covers('read', 'reader') && !covers('', 'read') && !covers('', ''))
})

const key = signer('1', 'EdDSA')
const server = await published(key)
const guards = new Doorward({ baseUrl: server.url })
// /apikey/verify as the contract has it.
const keys = await stub((request, response, body) => {
  const [, , verdict] = JSON.parse(body).key.split('_')
  const codes = { a: 'valid', b: 'not_found', c: 'revoked', d: 'expired', e: 'disabled', f: 'ip_not_allowed', g: 'insufficient_scope', h: 'rate_limited', i: 'quota_exceeded' }
  const code = codes[verdict[0]]
  const more = { keyId: 'key_1', ownerId: 'user_2', scopes: ['read'], rateLimit: { limit: 1, remaining: 0, resetSeconds: 7 } }
  const quota = { limit: 1, remaining: 0, resetsAt: new Date(Date.now() + 60_000).toISOString() }
  json(response, 200, { valid: code === 'valid', code, ...(code === 'not_found' ? {} : { ...more, quota }) })
})
const options = {
  verifier: guards.verifier({ audience }),
  apiKeys: new Doorward({ baseUrl: keys.url, clientId: 'a', clientSecret: 'b' }).apiKeys,
}
async function listening(http) {
  if (!http.listening) await new Promise((ready) => http.on('listening', ready))
  return `http://127.0.0.1:${http.address().port}`
}
const frameworks = {
  async express() {
    const app = express()
    app.get('/orders', express_('read:orders', options), (request, response) => response.send(request.auth.sub))
    const http = app.listen(0, '127.0.0.1')
    return [await listening(http), () => http.close()]
  },
  async fastify() {
    const app = fastify()
    app.get('/orders', { onRequest: fastify_('read:orders', options) }, async (request) => request.auth.sub)
    return [await app.listen({ host: '127.0.0.1', port: 0 }), () => app.close()]
  },
  async hono() {
    const app = new Hono()
    app.get('/orders', hono_('read:orders', { ...options, ip: () => '127.0.0.1' }), (c) => c.text(c.get('auth').sub))
    const http = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
    return [await listening(http), () => http.close()]
  },
}
for (const [name, run] of Object.entries(frameworks)) {
  await check(`${name}: requireScope answers as the server does`, async () => {
    const [url, close] = await run()
    const ask = async (authorization) => {
      const answer = await fetch(`${url}/orders`, { headers: authorization ? { authorization } : {} })
      const text = await answer.text()
      const error = answer.ok ? undefined : JSON.parse(text).error
      return [answer.status, error?.code ?? text, answer.headers.get('www-authenticate'), answer.headers.get('retry-after')]
    }
    const bearer = (changes) => `Bearer ${token(key, { ...claims(server.url), ...changes })}`
    const invalid = (why) => `Bearer error="invalid_token", error_description="${why}"`
    const narrow = 'Bearer error="insufficient_scope", error_description="the scope read:orders is needed", scope="read:orders"'
    assert.deepEqual(await ask(bearer({ scope: 'read' })), [200, 'user_1', null, null])
    assert.deepEqual(await ask(bearer({}).replace('Bearer', 'bearer')), [200, 'user_1', null, null])
    assert.deepEqual(await ask(), [401, 'missing_token', 'Bearer', null])
    assert.deepEqual(await ask('Basic YTpi'), [401, 'missing_token', 'Bearer', null])
    assert.deepEqual(await ask('Bearer rubbish'), [401, 'invalid_token', invalid('the token is not good here: not a token'), null])
    assert.deepEqual(await ask(bearer({ exp: 1 })), [401, 'token_expired', invalid('the token has expired'), null])
    assert.deepEqual(await ask(bearer({ scope: 'write read:invoices' })), [403, 'insufficient_scope', narrow, null])
    assert.deepEqual(await ask(bearer({ scope: undefined })), [403, 'insufficient_scope', narrow, null])

    const apiKey = (kind) => ask(`Bearer sk_live_${kind.repeat(38)}`)
    const address = 'Bearer error="insufficient_scope", error_description="the key may not be used from this address"'
    assert.deepEqual(await apiKey('a'), [200, 'user_2', null, null])
    assert.deepEqual((await apiKey('b')).slice(0, 2), [401, 'invalid_token'])
    assert.deepEqual((await apiKey('c')).slice(0, 2), [401, 'token_revoked'])
    assert.deepEqual((await apiKey('d')).slice(0, 2), [401, 'token_expired'])
    assert.deepEqual((await apiKey('e')).slice(0, 2), [401, 'token_revoked'])
    assert.deepEqual(await apiKey('f'), [403, 'insufficient_scope', address, null])
    assert.deepEqual(await apiKey('g'), [403, 'insufficient_scope', narrow, null])
    assert.deepEqual(await apiKey('h'), [429, 'rate_limited', null, '7'])
    assert.deepEqual((await apiKey('i')).slice(0, 2), [429, 'rate_limited'])
    const asked = JSON.parse(keys.seen.at(-1).body)
    assert.deepEqual([asked.scopes, asked.ip], [['read:orders'], '127.0.0.1'])
    close()
  })
}

await check('where the API’s own credential is refused no key is called dead', async () => {
  for (const code of ['token_revoked', 'token_expired', 'invalid_token', 'invalid_credentials']) {
    const refusing = await stub((_, response) => json(response, 401, { error: { code, message: 'm' } }))
    const { apiKeys } = new Doorward({ baseUrl: refusing.url, apiKey: `sk_live_${'z'.repeat(38)}` })
    const app = express()
    app.get('/orders', express_('read', { ...options, apiKeys }), (_, response) => response.send('in'))
    const http = app.listen(0, '127.0.0.1')
    const answer = await fetch(`${await listening(http)}/orders`, { headers: { authorization: `Bearer sk_live_${'a'.repeat(38)}` } })
    assert.deepEqual([answer.status, answer.headers.get('www-authenticate')], [503, null], code)
    http.close()
    refusing.close()
  }
})

await check('where the keys cannot be had nobody is let in, and nobody is told that their token is bad', async () => {
  const away = await published(key)
  away.down = true
  const app = express()
  app.get('/orders', express_('read', { verifier: new Doorward({ baseUrl: away.url }).verifier({ audience }) }), (_, response) => response.send('in'))
  const http = app.listen(0, '127.0.0.1')
  const answer = await fetch(`${await listening(http)}/orders`, { headers: { authorization: `Bearer ${token(key, claims(away.url))}` } })
  assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1'])
  http.close()
  away.close()
})

end()
