// The tutorials' files as they stand there, and the Go example, each used as its text says.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { check, Doorward, email, end, issuer, operate, password, pause } from './support.mjs'

const work = mkdtempSync(join(tmpdir(), 'doorward-tutorial-'))
const started = []
const { TUTORIAL, GO_SDK } = process.env
const described = await (await fetch(`${issuer}/openapi.json`)).json()
/** Whether this server checks keys for others; without it the tutorials' keys are left out. */
const checksKeys = '/apikey/verify' in described.paths

/** The files of a tutorial, by name. */
function files(name) {
  const text = readFileSync(join(TUTORIAL, name), 'utf8')
  return Object.fromEntries([...text.matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm)].map(([, file, body]) => [file, body]))
}

async function register(text) {
  const client = JSON.parse(text)
  if (!checksKeys) delete client.resourceServer
  return operate('/admin/clients', client)
}

async function freePort() {
  const server = createServer()
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address()
  await new Promise((closed) => server.close(closed))
  return String(port)
}

async function start(program, args, options) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  for await (const text of child.stdout) {
    const found = /http:\/\/[0-9.:]+/.exec(String(text))
    if (found) return accepting(found[0])
  }
  throw new Error(`${program} does not listen`)
}

/** What says that it listens may be about to. */
async function accepting(url) {
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url).catch((error) => error)
    if (!(answer instanceof Error)) return url
    if (tries === 50) throw answer
    await pause(100)
  }
}

const press = (page, name) => page.getByRole('button', { name, exact: true }).click()
async function launch(url) {
  const asked = { origin: url, 'access-control-request-method': 'POST' }
  const leave = await fetch(`${issuer}/oauth/token`, { method: 'OPTIONS', headers: asked })
  const more = leave.headers.has('access-control-allow-origin') ? [] : ['--disable-web-security']
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', ...more]
  return chromium.launch({ executablePath: '/usr/bin/chromium', args })
}

/** Ten calls of the key are good, the eleventh is too many. */
async function limited(url, key) {
  const statuses = []
  for (let n = 0; n < 11; n++) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } })
    statuses.push(answer.status)
    if (answer.status === 429) assert.match(answer.headers.get('retry-after'), /^\d+$/)
  }
  assert.deepEqual(statuses, [...Array(10).fill(200), 429])
}

await check('JavaScript: sign-up, sign-in, orders in a browser, a key with a limit', async () => {
  const found = files('javascript.md')
  const folder = join(work, 'js')
  mkdirSync(join(folder, 'public'), { recursive: true })
  symlinkSync(fileURLToPath(new URL('node_modules', import.meta.url)), join(folder, 'node_modules'))
  for (const name of ['api.mjs', 'key.mjs']) writeFileSync(join(folder, name), found[name])
  writeFileSync(join(folder, 'public/index.html'), found['index.html'])
  const port = await freePort()
  const { clientId: PAGE_ID } = await register(found['page.json'].replaceAll('127.0.0.1:3000', `127.0.0.1:${port}`))
  const { clientId: API_ID, clientSecret: API_SECRET } = await register(found['api.json'])
  const env = { PATH: process.env.PATH, DOORWARD_URL: issuer, PAGE_ID, API_ID, API_SECRET, PORT: port }
  const url = await start(process.execPath, ['api.mjs'], { cwd: folder, env })
  const browser = await launch(url)
  const context = await browser.newContext()
  const page = await context.newPage()
  const address = email()
  await page.goto(url)
  await page.getByText('Signed out').waitFor()
  await press(page, 'Sign in')
  await page.getByRole('link', { name: 'Create an account' }).click()
  await page.getByLabel('Email address').fill(address)
  await page.getByLabel('Password').fill(password)
  await press(page, 'Create account')
  await press(page, 'Allow')
  await page.getByText('0 orders').waitFor()
  await press(page, 'Order a lamp')
  await page.getByText('1 orders').waitFor()
  const second = await context.newPage()
  await second.goto(url)
  await second.getByText('1 orders').waitFor()
  await press(second, 'Sign out')
  await page.getByText('Signed out').waitFor()
  await browser.close()
  assert.equal((await fetch(`${url}/api/orders`)).status, 401)
  if (!checksKeys) return
  const key = execFileSync(process.execPath, ['key.mjs'], { cwd: folder, env: { ...env, EMAIL: address, PASSWORD: password } })
  await limited(`${url}/api/orders`, String(key).trim())
})

await check('Go: sign-up, sign-in, orders, a key with a limit', async () => {
  const found = files('go.md')
  const folder = join(work, 'go')
  mkdirSync(folder)
  writeFileSync(join(folder, 'main.go'), found['main.go'])
  const go = (...args) => execFileSync('go', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  go('mod', 'init', 'orders')
  go('mod', 'edit', '-require', 'example.org/doorward/sdk/go@v0.0.0', '-replace', `example.org/doorward/sdk/go=${GO_SDK}`)
  go('vet', '.')
  go('build', '-o', 'orders', '.')
  const { clientId: API_ID, clientSecret: API_SECRET } = await register(found['api.json'])
  const env = { DOORWARD_URL: issuer, API_ID, API_SECRET, PORT: await freePort() }
  const url = await start(join(folder, 'orders'), [], { cwd: folder, env })
  const input = JSON.stringify({ email: email(), password })
  const post = (path, body, headers) => fetch(url + path, { method: 'POST', body, headers })
  const { accessToken } = await (await post('/sign-up', input)).json()
  const headers = { authorization: `Bearer ${accessToken}` }
  assert.equal((await post('/order', new URLSearchParams({ item: 'lamp' }), headers)).status, 201)
  assert.deepEqual(await (await fetch(`${url}/orders`, { headers })).json(), { data: ['lamp'] })
  const bare = await fetch(`${url}/orders`)
  assert.deepEqual([bare.status, bare.headers.get('www-authenticate')], [401, 'Bearer'])
  assert.ok((await (await post('/sign-in', input)).json()).accessToken)
  assert.equal((await post('/sign-in', JSON.stringify({ email: email(), password }))).status, 401)
  if (!checksKeys) return
  const doorward = new Doorward({ baseUrl: issuer, apiKey: accessToken })
  const { key } = await doorward.apiKeys.create({ name: 'script', scopes: ['read:orders'], rateLimit: { limit: 10, windowSeconds: 60 } })
  await limited(`${url}/orders`, key)
})

await check('the Go example: signs up, orders, signs out, in again', async () => {
  const program = join(work, 'example')
  execFileSync('go', ['build', '-o', program, './examples/orders'], { cwd: GO_SDK, stdio: ['ignore', 'ignore', 'pipe'] })
  const url = await start(program, [], { cwd: work, env: { DOORWARD_URL: issuer, PORT: '0' } })
  const bare = await fetch(`${url}/api/orders`)
  assert.deepEqual([bare.status, (await bare.json()).error.code], [401, 'missing_token'])
  const browser = await launch(url)
  const page = await browser.newPage()
  const address = email()
  await page.goto(url)
  await page.getByLabel('Email address').fill(address)
  await page.getByLabel('Password').fill(password)
  await press(page, 'Create account')
  await page.getByText('0 orders').waitFor()
  await page.getByLabel('Item').fill('A lamp')
  await press(page, 'Order')
  await page.getByText('1: A lamp').waitFor()
  await press(page, 'Sign out')
  await page.getByText('You are signed out.').waitFor()
  await page.getByLabel('Password').fill('wrong password')
  await press(page, 'Sign in')
  await page.getByText('email or password is wrong').waitFor()
  await page.getByLabel('Password').fill(password)
  await press(page, 'Sign in')
  await page.getByText('1: A lamp').waitFor()
  await browser.close()
})

for (const child of started) child.kill()
rmSync(work, { recursive: true })
end()
