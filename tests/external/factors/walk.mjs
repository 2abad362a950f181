// Somebody with a second factor signs in on the hosted pages.
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
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
    await page.goto(`${issuer}/sign-in`)
    const { accessToken } = await call('/auth/register', { email: 'ada@example.com', password })
    const { publicKey } = await call('/auth/passkeys/options', { password }, accessToken)
    const credential = await page.evaluate(async (json) => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json)
      return (await navigator.credentials.create({ publicKey })).toJSON()
    }, publicKey)
    await call('/auth/passkeys', { name: 'laptop', credential }, accessToken)
    await passwordStep(page, 'ada@example.com')
    await page.click('button[data-passkey]')
    await page.waitForURL('**/account')
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
