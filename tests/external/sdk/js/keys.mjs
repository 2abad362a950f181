// Keys with limits against the real server: minted, changed, rotated and verified.
import assert from 'node:assert/strict'
import { check, Doorward, email, end, failure, issuer, operate, password } from './support.mjs'

const client = await operate('/admin/clients', {
  name: 'keys API', grantTypes: ['client_credentials'], resourceServer: true,
})
const api = new Doorward({ baseUrl: issuer, clientId: client.clientId, clientSecret: client.clientSecret })
const owner = new Doorward({ baseUrl: issuer })
const session = await owner.auth.register({ email: email(), password })
const limits = {
  rateLimit: { limit: 3, windowSeconds: 3600 },
  quota: { limit: 100, period: 'month' },
  allowedIps: ['192.0.2.0/24', '::1'],
  metadata: { plan: 'pro', seats: 3 },
}
const from = { ip: '192.0.2.7', scopes: ['read:orders'] }
const minted = await owner.apiKeys.create({ name: 'limited', scopes: ['read'], ...limits })

await check('a verified key tells what it is and what is left', async () => {
  const told = await api.apiKeys.verify({ key: minted.key, ...from, cost: 2 })
  assert.deepEqual([told.valid, told.code, told.keyId, told.ownerId], [true, 'valid', minted.id, session.userId])
  assert.deepEqual([told.scopes, told.metadata, told.name], [['read'], limits.metadata, 'limited'])
  assert.deepEqual(told.rateLimit, { limit: 3, remaining: 1, resetSeconds: 3600 })
  assert.deepEqual([told.quota.limit, told.quota.remaining], [100, 98])
  assert.ok(new Date(told.quota.resetsAt) > new Date())
})

await check('each verdict comes as it should', async () => {
  const code = async (input) => (await api.apiKeys.verify(input)).code
  assert.equal(await code({ key: minted.key }), 'ip_not_allowed')
  assert.equal(await code({ key: minted.key, ...from, scopes: ['write'] }), 'insufficient_scope')
  assert.equal(await code({ key: minted.key, ...from, cost: 2 }), 'rate_limited')
  assert.equal(await code('sk_live_nothing'), 'not_found')
  await owner.apiKeys.update(minted.id, { enabled: false })
  assert.equal(await code({ key: minted.key, ...from }), 'disabled')
  await owner.apiKeys.update(minted.id, { enabled: true, quota: { limit: 2, period: 'month' }, rateLimit: null })
  assert.equal(await code({ key: minted.key, ...from }), 'quota_exceeded')
  await owner.apiKeys.revoke(minted.id)
  assert.equal(await code({ key: minted.key, ...from }), 'revoked')
})

await check('limits are shown, changed and taken off', async () => {
  const made = await owner.apiKeys.create({ name: 'shown', scopes: ['read'], ...limits, enabled: false })
  const shown = await owner.apiKeys.get(made.id)
  for (const [name, value] of Object.entries({ ...limits, enabled: false })) assert.deepEqual(shown[name], value, name)
  const free = await owner.apiKeys.update(made.id, {
    rateLimit: null, quota: null, allowedIps: [], metadata: null, enabled: true,
  })
  assert.deepEqual([free.rateLimit, free.quota, free.allowedIps, free.metadata, free.enabled], [null, null, [], null, true])
})

await check('what a key has spent it has spent after rotation too', async () => {
  const made = await owner.apiKeys.create({ name: 'r', scopes: ['read'], rateLimit: { limit: 1, windowSeconds: 3600 } })
  assert.equal((await api.apiKeys.verify(made.key)).code, 'valid')
  const next = await owner.apiKeys.rotate(made.id)
  assert.equal((await api.apiKeys.verify(next.key)).code, 'rate_limited')
})

await check('wrong limits and strangers are refused', async () => {
  const wrong = await failure(owner.apiKeys.create({ name: 'w', scopes: ['read'], rateLimit: { limit: 0, windowSeconds: 1 } }))
  assert.deepEqual([wrong.status, wrong.code, wrong.field], [422, 'validation_failed', 'rateLimit'])
  const cost = await failure(api.apiKeys.verify({ key: 'x', cost: 0 }))
  assert.deepEqual([cost.status, cost.code, cost.field], [422, 'validation_failed', 'cost'])
  const stranger = await failure(owner.apiKeys.verify('x'))
  assert.deepEqual([stranger.status, stranger.code], [403, 'insufficient_scope'])
  const secret = new Doorward({ baseUrl: issuer, clientId: client.clientId, clientSecret: 'wrong' })
  assert.equal((await failure(secret.apiKeys.verify('x'))).status, 401)
})

await check('64 calls at once spend a limit exactly', async () => {
  const made = await owner.apiKeys.create({ name: 'm', scopes: ['read'], rateLimit: { limit: 50, windowSeconds: 3600 } })
  const told = await Promise.all(Array.from({ length: 64 }, () => api.apiKeys.verify(made.key)))
  assert.equal(told.filter((one) => one.valid).length, 50)
})

end()
