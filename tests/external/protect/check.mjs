// Asks the example APIs with tokens of every kind.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'

const { ISSUER, OPERATOR_KEY, WORK } = process.env
const AUDIENCE = 'https://api.example/'
let passed = 0
let failed = 0

async function call(path, { basic, ...init }) {
  const headers = { ...init.headers }
  headers.authorization = basic ? `Basic ${btoa(basic)}` : `Bearer ${OPERATOR_KEY}`
  const answer = await fetch(ISSUER + path, { method: 'POST', ...init, headers })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer
}
async function client(more) {
  const body = { redirectUris: [], grantTypes: ['client_credentials'], confidential: true, resources: [AUDIENCE], ...more }
  const headers = { 'content-type': 'application/json' }
  return (await call('/admin/clients', { headers, body: JSON.stringify(body) })).json()
}
const api = await client({ name: 'Orders API', scopes: [] })
const machine = await client({ name: 'Machine', scopes: ['read', 'write'] })
const basic = `${machine.clientId}:${machine.clientSecret}`
async function token(parameters) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', resource: AUDIENCE, ...parameters })
  if (!parameters.resource && 'resource' in parameters) body.delete('resource')
  return (await (await call('/oauth/token', { basic, body })).json()).access_token
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

for (const [name, command] of [
  ['Node', ['node', `${WORK}/api.mjs`]],
  ['Python', [`${WORK}/venv/bin/python`, `${WORK}/api.py`]],
]) {
  const PORT = String(await freePort())
  const env = { ...process.env, AUDIENCE, PORT, API_ID: api.clientId, API_SECRET: api.clientSecret }
  const running = spawn(command[0], command.slice(1), { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await Promise.race([once(running.stdout, 'data'), once(running, 'exit').then(() => Promise.reject(new Error(`${name} ended`)))])

  async function check(what, path, bearer, status, text = '') {
    const headers = bearer ? { authorization: `Bearer ${bearer}` } : {}
    const answer = await fetch(`http://127.0.0.1:${PORT}${path}`, { headers })
    const body = await answer.text()
    const challenged = status === 200 || answer.headers.has('www-authenticate')
    if (answer.status === status && body.includes(text) && challenged) passed++
    else {
      failed++
      console.log(`FAILED ${name} ${path} ${what}: ${answer.status} ${body}`)
    }
  }
  for (const path of ['/orders', '/now/orders']) {
    const good = await token({ scope: 'read' })
    await check('takes a good token', path, good, 200, machine.clientId)
    await check('refuses no token', path, '', 401)
    await check('refuses nonsense', path, 'nonsense', 401)
    const [head, claims, signature] = good.split('.')
    await check('refuses a forged token', path, [head, claims, `${signature.slice(0, -8)}AAAAAAAA`].join('.'), 401)
    await check('refuses a token for another audience', path, await token({ scope: 'read', resource: '' }), 401)
    await check('refuses a narrow scope', path, await token({ scope: 'write' }), 403)
    await check('refuses a neighbour of the scope', path, await token({ scope: 'read:order' }), 403)
    await check('takes the exact scope', path, await token({ scope: 'read:orders' }), 200)
    await call('/oauth/revoke', { basic, body: new URLSearchParams({ token: good }) })
    // Checked here it is good until it expires; asked about, it is dead at once.
    await check('after revocation', path, good, path === '/orders' ? 200 : 401)
  }
  running.kill()
  await once(running, 'exit')
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
