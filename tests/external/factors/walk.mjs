// Somebody with a second factor signs in on the hosted pages, and sets factors up there.
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { createServer } from 'node:net'
import { chromium } from 'playwright-core'

// Passkeys belong to a host name, and the issuer names the port: one that was free a moment ago.
const port = await new Promise((found) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address()
    probe.close(() => found(port))
  })
})
const issuer = `http://localhost:${port}`
const password = 'correct horse battery'
let passed = 0
let failed = 0

async function check(name, work) {
  try {
    await work()
    passed++
  } catch (error) {
    failed++
    console.log(`FAILED ${name}\n${error.stack ?? error}`)
  }
}

async function call(path, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const answer = await fetch(issuer + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

function code(secret, step) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(step))
  const tag = createHmac('sha1', key).update(message).digest()
  return String((tag.readUInt32BE(tag[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0')
}

async function passwordStep(page, email) {
  await page.goto(`${issuer}/sign-in`)
  await page.fill('#email', email)
  await page.fill('#password', password)
  await page.click('button[type=submit]')
}

// Keeps a picture, where PAGES_SHOTS names a folder.
async function look(page, name) {
  if (process.env.PAGES_SHOTS) await page.screenshot({ path: `${process.env.PAGES_SHOTS}/${name}.png`, fullPage: true })
}

const env = { PATH: process.env.PATH, DOORWARD_ISSUER: issuer, DOORWARD_ARGON2_MEMORY_KIB: '64', DOORWARD_ARGON2_ITERATIONS: '1' }
const server = spawn(process.env.SERVER, ['--port', String(port), '--data-dir', 'data'], { env, stdio: ['ignore', 'pipe', 'ignore'] })
await new Promise((listens, ended) => {
  server.stdout.once('data', listens)
  server.once('exit', () => ended(new Error('the server does not start')))
})
const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run']
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
try {
  await check('a passkey is the second step', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const cdp = await context.newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true }
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
    const touched = (enabled) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled })
    await page.goto(`${issuer}/sign-in`)
    const { accessToken } = await call('/auth/register', { email: 'ada@example.com', password })
    const { publicKey } = await call('/auth/passkeys/options', { password }, accessToken)
    const credential = await page.evaluate(async (json) => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json)
      return (await navigator.credentials.create({ publicKey })).toJSON()
    }, publicKey)
    await call('/auth/passkeys', { name: 'laptop', credential }, accessToken)
    // Else the sign-in page takes the passkey as soon as the browser offers it.
    await touched(false)
    await passwordStep(page, 'ada@example.com')
    await touched(true)
    await page.click('button[data-passkey]')
    await page.waitForURL('**/account')
    await context.close()
  })
  await check('a passkey is made on the account page, and signs in alone', async () => {
    const context = await browser.newContext({ viewport: { width: 320, height: 700 } })
    const page = await context.newPage()
    await call('/auth/register', { email: 'eve@example.com', password })
    await passwordStep(page, 'eve@example.com')
    await page.waitForURL('**/account')
    const cdp = await context.newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true }
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
    await page.click('details:has(#passkey-name) > summary')
    await page.fill('#passkey-name', 'Phone')
    await page.fill('#passkey-password', password)
    await page.click('details:has(#passkey-name) button[type=submit]')
    await look(page, 'passkey-setup')
    await page.click('button[data-passkey]')
    await page.waitForSelector('#factors [role=status]')
    await look(page, 'account')
    await page.goto(`${issuer}/sign-out`)
    await page.click('button[type=submit]')
    await page.goto(`${issuer}/sign-in`)
    // Where the browser offers the passkey in the field for the address, it is taken at once.
    await page.click('button[data-passkey]', { timeout: 3000 }).catch(() => {})
    await page.waitForURL('**/account')
    await context.close()
  })
  await check('an authenticator app is set up on the account page without a script', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, colorScheme: 'dark' })
    const page = await context.newPage()
    await call('/auth/register', { email: 'dan@example.com', password })
    await passwordStep(page, 'dan@example.com')
    await page.waitForURL('**/account')
    await page.click('details:has(#totp-on-password) > summary')
    await page.fill('#totp-on-password', password)
    await page.click('details:has(#totp-on-password) button')
    const secret = await page.textContent('code.secret')
    await look(page, 'totp-setup')
    await page.fill('#code', '000000')
    await page.click('#factors .setup button, #factors form[action$=confirm] button')
    await page.waitForSelector('#factors [role=alert]')
    await page.fill('#code', code(secret, Math.floor(Date.now() / 30_000)))
    await page.click('#factors form[action$=confirm] button')
    if ((await page.locator('#factors .codes li').count()) !== 10) throw new Error('ten recovery codes')
    await look(page, 'recovery-codes')
    await page.click('details:has(#totp-off-code) > summary')
    await page.fill('#totp-off-password', password)
    await page.fill('#totp-off-code', code(secret, Math.floor(Date.now() / 30_000) + 1))
    await page.click('details:has(#totp-off-code) button')
    await page.waitForSelector('#factors [role=status]')
    const [file] = await Promise.all([page.waitForEvent('download'), page.click('a[download]')])
    if (!(await file.path())) throw new Error('no file')
    await page.click('details:has(#delete-password) > summary')
    await page.fill('#delete-password', password)
    await page.click('details:has(#delete-password) button')
    await page.waitForSelector('main [role=status]')
    await context.close()
  })
  await check('times are those of the reader', async () => {
    const timeZone = 'Pacific/Kiritimati'
    const context = await browser.newContext({ locale: 'de-DE', timezoneId: timeZone })
    const page = await context.newPage()
    await call('/auth/register', { email: 'tia@example.com', password })
    await passwordStep(page, 'tia@example.com')
    await page.waitForURL('**/account')
    const [said, title, exact] = await page.locator('#sessions time').first().evaluate((time) => [time.textContent, time.title, time.dateTime])
    const wanted = new Date(exact).toLocaleString('de', { dateStyle: 'long', timeStyle: 'short', timeZone })
    if (said !== 'heute' || title !== wanted) throw new Error(`${said}, ${title}: not ${wanted}`)
    await context.close()
  })
  await check('codes need no script, and a wrong one is said', async () => {
    const { accessToken } = await call('/auth/register', { email: 'bob@example.com', password })
    const { secret } = await call('/auth/mfa/totp', { password }, accessToken)
    const step = Math.floor(Date.now() / 30_000)
    const { recoveryCodes } = await call('/auth/mfa/totp/confirm', { code: code(secret, step) }, accessToken)
    for (const right of [code(secret, step + 1), recoveryCodes[0]]) {
      const context = await browser.newContext({ javaScriptEnabled: false })
      const page = await context.newPage()
      await passwordStep(page, 'bob@example.com')
      await page.fill('#code', 'wrong')
      await page.click('button[type=submit]')
      await page.waitForSelector('[role=alert]')
      await page.fill('#code', right)
      await page.click('button[type=submit]')
      await page.waitForURL('**/account')
      await context.close()
    }
  })
} finally {
  await browser.close()
  server.kill()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed ? 1 : 0
