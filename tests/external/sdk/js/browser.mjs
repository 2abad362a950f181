// The SDK in Chromium: sign-in on the hosted pages, tabs, lost answers, and the example application.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { check, email, end, issuer, password, pause } from './support.mjs'

const dist = dirname(fileURLToPath(import.meta.resolve('@doorward/sdk')))
const work = mkdtempSync(join(tmpdir(), 'doorward-browser-'))
const started = []

/** Starts a program; answers the URL it says it listens on. */
async function start(program, args, options) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  for await (const text of child.stdout) {
    const found = /http:\/\/[0-9.:]+/.exec(String(text))
    if (found) return found[0]
  }
  throw new Error(`${program} does not listen`)
}

// One origin, as behind a reverse proxy: our page under /app, the SDK under /sdk, everything else is Doorward's.
let target
let cut = 0
/** Refreshes that gave a session. */
let renewed = 0
const counts = new Map()
const page = '<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><h1>App</h1>'
const front = createServer(async (incoming, outgoing) => {
  const { pathname } = new URL(incoming.url, 'http://x')
  if (pathname.startsWith('/app')) return outgoing.writeHead(200, { 'content-type': 'text/html' }).end(page)
  if (pathname.startsWith('/sdk/')) {
    const headers = { 'content-type': 'text/javascript' }
    return outgoing.writeHead(200, headers).end(readFileSync(join(dist, pathname.slice(5))))
  }
  counts.set(pathname, (counts.get(pathname) ?? 0) + 1)
  const onward = request(target + incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
    if (pathname === '/auth/refresh' && answer.statusCode === 200) renewed++
    if (/\/(auth\/refresh|oauth\/token)$/.test(pathname) && cut > 0) {
      cut--
      answer.resume().on('end', () => outgoing.destroy())
      return
    }
    outgoing.writeHead(answer.statusCode, answer.headers)
    answer.pipe(outgoing)
  })
  incoming.pipe(onward)
})
await new Promise((ready) => front.listen(0, '127.0.0.1', ready))
const origin = `http://127.0.0.1:${front.address().port}`
const env = { ...process.env, DOORWARD_ISSUER: origin, DOORWARD_ACCESS_TOKEN_SECONDS: '3' }
target = await start(process.env.PROGRAM, ['--data-dir', join(work, 'data'), '--port', '0'], { cwd: work, env })
const operator = readFileSync(join(work, 'data/operator.key'), 'utf8').trim()
const registered = await fetch(`${target}/admin/clients`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${operator}` },
  body: JSON.stringify({
    name: 'Harbour Wiki',
    redirectUris: [`${origin}/app`],
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'offline_access', 'read', 'write'],
    confidential: false,
  }),
})
const { clientId } = await registered.json()

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync']
const launch = (...more) => chromium.launch({ executablePath: '/usr/bin/chromium', args: [...args, ...quiet, ...more] })
const browser = await launch()

/** A tab with `client` and `heard` in its window. */
async function tab(context, { path = '/app', oauth = true } = {}) {
  const opened = await context.newPage()
  await opened.goto(origin + path)
  await load(opened, oauth)
  return opened
}
async function load(opened, oauth = true) {
  await opened.evaluate(
    async ([id]) => {
      const { Doorward } = await import('/sdk/index.js')
      window.client = new Doorward({ baseUrl: location.origin, clientId: id ?? undefined, storage: localStorage })
      window.heard = []
      window.client.onSessionChange((session) => window.heard.push(session && session.accessToken))
    },
    [oauth ? clientId : null],
  )
}
const press = (opened, button) => opened.getByRole('button', { name: button, exact: true }).click()

async function signUp(opened, address) {
  await opened.getByRole('link', { name: 'Create an account' }).click()
  await opened.getByLabel('Email address').fill(address)
  await opened.getByLabel('Password').fill(password)
  await press(opened, 'Create account')
  await press(opened, 'Allow')
}

/** Until the held access token has expired, as the server says when it is asked directly. */
async function expired(opened) {
  const { accessToken } = await opened.evaluate(() => window.client.auth.session())
  for (;;) {
    const answer = await fetch(`${target}/oauth/userinfo`, { headers: { authorization: `Bearer ${accessToken}` } })
    if (answer.status === 401) return
    await pause(100)
  }
}

await check('signs in on the hosted pages, keeps the session over a reload, refreshes and signs out', async () => {
  const context = await browser.newContext()
  const opened = await tab(context)
  await opened.evaluate(() => {
    void window.client.signIn.start({ redirectUri: `${location.origin}/app`, scope: 'openid offline_access read' })
  })
  await opened.waitForURL(/oauth\/authorize/)
  await signUp(opened, email())
  await opened.waitForURL(/\/app\?code=/)
  await load(opened)
  const tokens = counts.get('/oauth/token') ?? 0
  // Twice, as frameworks do in development: the code works once.
  const session = await opened.evaluate(async () => {
    const [one, two] = await Promise.all([window.client.signIn.finish(), window.client.signIn.finish()])
    return { ...one, same: one.accessToken === two.accessToken, heard: window.heard, url: location.href }
  })
  assert.match(session.userId, /^user_/)
  assert.equal(session.clientId, clientId)
  assert.deepEqual(session.scope.split(' ').sort(), ['offline_access', 'openid', 'read'])
  assert.ok(session.idToken && session.refreshToken && session.same && session.issuedAt.endsWith('Z'))
  assert.deepEqual([session.heard, session.url], [[session.accessToken], `${origin}/app`])
  assert.equal(counts.get('/oauth/token'), tokens + 1)
  await opened.reload()
  await load(opened)
  assert.equal((await opened.evaluate(() => window.client.auth.session())).accessToken, session.accessToken)
  await expired(opened)
  const refreshes = counts.get('/auth/refresh') ?? 0
  const fresh = await opened.evaluate(() => window.client.auth.refresh())
  assert.notEqual(fresh.accessToken, session.accessToken)
  assert.equal(counts.get('/auth/refresh') ?? 0, refreshes)
  await opened.evaluate(() => window.client.auth.logout())
  assert.equal(await opened.evaluate(() => window.client.auth.session()), null)
  const dead = await fetch(`${target}/oauth/userinfo`, { headers: { authorization: `Bearer ${fresh.accessToken}` } })
  assert.equal(dead.status, 401)
  await context.close()
})

await check('a state that start did not make, or made once before, is refused before any request', async () => {
  const context = await browser.newContext()
  const opened = await tab(context)
  await opened.evaluate(() => void window.client.signIn.start({ redirectUri: `${location.origin}/app`, scope: 'read' }))
  await opened.waitForURL(/oauth\/authorize/)
  await signUp(opened, email())
  await opened.waitForURL(/\/app\?code=/)
  const answer = opened.url()
  await load(opened)
  const all = () => [...counts.values()].reduce((sum, n) => sum + n, 0)
  const [before, tokens] = [all(), counts.get('/oauth/token')]
  const refused = (given) =>
    opened.evaluate((one) => window.client.signIn.finish(one).then(() => 'let in', (error) => [error.name, error.code]), given)
  const foreign = new URL(answer)
  foreign.searchParams.set('state', 'x'.repeat(43))
  for (const given of [foreign.href, `${origin}/app?code=x`, `${origin}/app`, `${origin}/app?state=&code=x`]) {
    assert.deepEqual(await refused(given), ['DoorwardError', 'invalid_state'])
  }
  assert.equal(all(), before)
  const mixed = new URL(answer)
  mixed.searchParams.set('iss', 'https://evil.example')
  assert.deepEqual(await refused(mixed.href), ['DoorwardError', 'invalid_issuer'])
  assert.deepEqual(await refused(answer), ['DoorwardError', 'invalid_state'])
  assert.equal(counts.get('/oauth/token'), tokens)
  await context.close()
})

await check('what the person refuses has its own code', async () => {
  const context = await browser.newContext()
  const opened = await tab(context)
  await opened.evaluate(() => void window.client.signIn.start({ redirectUri: `${location.origin}/app`, scope: 'read' }))
  await opened.waitForURL(/oauth\/authorize/)
  await opened.getByRole('link', { name: 'Create an account' }).click()
  await opened.getByLabel('Email address').fill(email())
  await opened.getByLabel('Password').fill(password)
  await press(opened, 'Create account')
  await press(opened, 'Do not allow')
  await opened.waitForURL(/\/app\?error=/)
  await load(opened)
  const code = await opened.evaluate(() => window.client.signIn.finish().catch((error) => error.code))
  assert.equal(code, 'access_denied')
  await context.close()
})

for (const lost of [0, 1]) {
  await check(`two tabs, 20 calls each on an expired token, ${lost} answers lost: one session, kept`, async () => {
    const context = await browser.newContext()
    const tabs = [await tab(context, { oauth: false }), await tab(context, { oauth: false })]
    const [one, two] = tabs
    const { userId } = await one.evaluate((input) => window.client.auth.register(input), { email: email(), password })
    // The other tab has heard of it by itself.
    await two.waitForFunction(() => window.heard.length === 1)
    await expired(one)
    const [before, asked] = [renewed, counts.get('/auth/refresh') ?? 0]
    cut = lost
    const started = performance.now()
    const all = await Promise.all(
      tabs.map((opened) => opened.evaluate(() => Promise.all(Array.from({ length: 20 }, () => window.client.auth.me())))),
    )
    assert.ok(all.flat().every((me) => me.id === userId))
    // A token lives 2 s at least: calls that take longer may need one more refresh, on a slow machine.
    const took = performance.now() - started
    const allowed = 1 + Math.floor(took / 2000)
    // The other tab may read the storage before what this one wrote has reached its process. It asks then, and is refused
    // within the grace: nothing happens, and it finds the session.
    const refreshed = renewed - before
    const tries = counts.get('/auth/refresh') - asked
    const told = `${refreshed} refreshes of ${tries} tries in ${took} ms, ${allowed} allowed`
    if (lost === 0) assert.ok(refreshed >= 1 && refreshed <= allowed && tries <= 2 * allowed, told)
    const tokens = await Promise.all(tabs.map((opened) => opened.evaluate(async () => (await window.client.auth.session()).refreshToken)))
    assert.equal(tokens[0], tokens[1])
    await one.evaluate(() => window.client.auth.logout())
    await two.waitForFunction(() => window.heard.at(-1) === null)
    assert.equal(await two.evaluate(() => window.client.auth.me().catch((error) => error.code)), 'missing_token')
    await context.close()
  })
}

await check('tokens are verified in the browser too', async () => {
  const context = await browser.newContext()
  const opened = await tab(context, { oauth: false })
  const sub = await opened.evaluate(async (input) => {
    const { accessToken } = await window.client.auth.register(input)
    return (await window.client.verifier({ audience: location.origin }).verify(accessToken)).sub
  }, { email: email(), password })
  assert.match(sub, /^user_/)
  await context.close()
})

await check('the example application: signs up, orders, in two tabs, signs out', async () => {
  const folder = join(work, 'orders')
  cpSync(process.env.EXAMPLE, folder, { recursive: true })
  symlinkSync(fileURLToPath(new URL('node_modules', import.meta.url)), join(folder, 'node_modules'))
  const settings = { ...process.env, DOORWARD_URL: issuer, OPERATOR_KEY: process.env.OPERATOR_KEY, PORT: '0' }
  const setup = spawn(process.execPath, ['setup.mjs'], { cwd: folder, env: settings, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  for await (const part of setup.stdout) text += part
  const PAGE_ID = /PAGE_ID=(\S+)/.exec(text)[1]
  const url = await start(process.execPath, ['api.mjs'], { cwd: folder, env: { ...settings, PAGE_ID } })
  const bare = await fetch(`${url}/api/orders`)
  assert.deepEqual([bare.status, bare.headers.get('www-authenticate')], [401, 'Bearer'])
  // The page and Doorward are two origins. A server that lets none in is tried with a browser that asks for no leave.
  const asked = { origin: url, 'access-control-request-method': 'POST' }
  const leave = await fetch(`${issuer}/oauth/token`, { method: 'OPTIONS', headers: asked })
  const own = leave.headers.has('access-control-allow-origin') ? browser : await launch('--disable-web-security')
  const context = await own.newContext()
  const opened = await context.newPage()
  await opened.goto(url)
  await press(opened, 'Sign in')
  await opened.waitForURL(/oauth\/authorize/)
  await signUp(opened, email())
  await opened.getByText('0 orders').waitFor()
  await opened.getByLabel('Item').fill('A lamp')
  await press(opened, 'Order')
  await opened.getByText('1: A lamp').waitFor()
  const second = await context.newPage()
  await second.goto(url)
  await second.getByText('1: A lamp').waitFor()
  await press(second, 'Sign out')
  await opened.getByText('You are signed out.').waitFor()
  await context.close()
  if (own !== browser) await own.close()
})

await browser.close()
for (const child of started) child.kill()
rmSync(work, { recursive: true })
end()
