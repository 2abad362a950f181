// What happens to somebody in the life of an account: they sign up, verify the address, add a passkey, sign out and in with it,
// lose it, get back in by a recovery code, and set the password anew by mail. Every page on the way is looked at, as narrow and
// as wide as it gets, light and dark, in both languages; and those of somebody else: invited, mistaken for them, disabled.
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, equal, inspector, isGerman } from './inspect.mjs'
import { mailbox } from './mailbox.mjs'

const password = 'correct horse battery'
const second = 'another good battery'

// Passkeys belong to a host name, and the issuer names the port: one that was free a moment ago.
const freePort = () =>
  new Promise((found) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => found(port))
    })
  })

async function start(mail) {
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const directory = mkdtempSync(join(tmpdir(), 'doorward-story-'))
  const env = {
    PATH: process.env.PATH,
    DOORWARD_ISSUER: issuer,
    DOORWARD_MAIL_URL: mail.url,
    DOORWARD_MAIL_FROM: 'id@example.com',
    DOORWARD_MFA_REQUIRED_FOR: '["clerk"]',
    DOORWARD_ARGON2_MEMORY_KIB: '64',
    DOORWARD_ARGON2_ITERATIONS: '1',
    DOORWARD_PASSWORD_CHECKS_PER_MINUTE_PER_IP: '0',
    DOORWARD_REGISTRATIONS_PER_HOUR_PER_IP: '0',
  }
  const arguments_ = ['--port', String(port), '--data-dir', join(directory, 'data')]
  const server = spawn(process.env.SERVER, arguments_, { cwd: directory, env, stdio: ['ignore', 'pipe', 'ignore'] })
  await new Promise((listens, ended) => {
    server.stdout.once('data', listens)
    server.once('exit', () => ended(new Error('the server does not start')))
  })
  const key = readFileSync(join(directory, 'data', 'operator.key'), 'utf8').trim()
  async function call(method, path, body) {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
    const answer = await fetch(issuer + path, { method, headers, body: body && JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
    return text && JSON.parse(text)
  }
  const stop = () => {
    server.kill()
    rmSync(directory, { recursive: true, force: true })
  }
  return { issuer, call, stop }
}

function code(secret) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const message = Buffer.alloc(8)
  message.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const tag = createHmac('sha1', key).update(message).digest()
  return String((tag.readUInt32BE(tag[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0')
}

// An authenticator of the device, which answers only while it is touched.
async function authenticator(context, page) {
  const cdp = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: false }
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options })
  return {
    touch: (enabled) => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }),
    lose: () => cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId }),
  }
}

async function told({ browser, server, mail, width, scheme, locale }) {
  const { issuer, call } = server
  const name = `${width} ${scheme} ${locale}`
  const tag = `${width}-${scheme}-${locale.slice(0, 2)}`
  const height = width > 2000 ? 1440 : width < 600 ? 700 : 800
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale, timezoneId: 'Europe/Berlin' })
  const page = await context.newPage()
  const complaints = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    const expected = /the server responded with a status of (400|403|404|409|422|429)/
    if (message.type() === 'error' && !expected.test(message.text())) complaints.push(message.text())
  })
  const { look } = inspector(page, { scripts: true, width, scheme, name, folder: `/story-${locale.slice(0, 2)}` })
  let number = 0
  const seen = async (what) => {
    number++
    await look(`${String(number).padStart(2, '0')} ${what}`)
    if (locale.startsWith('de')) await check(`${what} is German (${name})`, () => isGerman(page, what))
  }
  const step = (what, work) => check(`${what} (${name})`, work)
  const send = (form = 'main form') => page.click(`${form} button[type=submit]:visible >> nth=0`)
  const signIn = async (email, secret) => {
    await page.goto(`${issuer}/sign-in`)
    await page.fill('#email', email)
    await page.fill('#password', secret)
    await send()
  }
  const signOut = async () => {
    await page.goto(`${issuer}/sign-out`)
    await send()
  }
  const open = async (field) => {
    if (!(await page.isVisible(field))) await page.click(`details:has(${field}) > summary`)
  }
  const phone = await authenticator(context, page)
  const ada = `ada-${tag}@example.com`
  let codes = []

  await step('signs up and verifies the address', async () => {
    await page.goto(`${issuer}/sign-in`)
    await seen('sign in')
    await page.goto(`${issuer}/sign-up`)
    await seen('sign up')
    await page.fill('#email', 'no address')
    await page.fill('#password', password)
    await send()
    await seen('sign up with no address')
    await page.fill('#email', ada)
    await page.fill('#password', password)
    await page.fill('#firstName', 'Ada')
    await send()
    await page.waitForURL('**/account')
    await seen('account unverified')
    const link = await mail.link(ada, 'verify-email')
    await page.goto(link)
    await seen('verify')
    await send()
    await page.waitForSelector('[role=status]')
    await seen('verified')
    await page.goto(link)
    await seen('verify again')
    const { data } = await call('GET', `/admin/users?email=${ada}`)
    equal(data[0].emailVerified, true, 'verified')
  })
  await step('adds a passkey, and recovery codes', async () => {
    await page.goto(`${issuer}/account`)
    await page.evaluate(() => document.querySelectorAll('details').forEach((part) => (part.open = true)))
    await seen('account with everything open')
    await page.goto(`${issuer}/account`)
    await open('#passkey-name')
    await page.fill('#passkey-name', 'Phone')
    await page.fill('#passkey-password', 'not the password')
    await send('details:has(#passkey-name)')
    await seen('passkey with a wrong password')
    await page.fill('#passkey-name', 'Phone')
    await page.fill('#passkey-password', password)
    await send('details:has(#passkey-name)')
    await seen('passkey to be made')
    await phone.touch(true)
    await page.click('button[data-passkey]')
    await page.waitForSelector('#factors [role=status]')
    await phone.touch(false)
    await seen('passkey made')
    await open('#codes-password')
    await page.fill('#codes-password', password)
    await send('details:has(#codes-password)')
    await seen('recovery codes')
    codes = await page.$$eval('.codes li', (list) => list.map((item) => item.textContent.trim()))
    equal(codes.length, 10, 'codes')
  })
  await step('signs out, and in with the passkey alone', async () => {
    await page.goto(`${issuer}/sign-out`)
    await seen('sign out')
    await send()
    await seen('signed out')
    await page.goto(`${issuer}/sign-in`)
    await seen('sign in with a passkey')
    await phone.touch(true)
    // Where the browser offers the passkey in the field for the address, it is taken at once.
    await page.click('button[data-passkey]', { timeout: 3000 }).catch(() => {})
    await page.waitForURL('**/account')
    await phone.touch(false)
    await signOut()
  })
  await step('loses the passkey, and gets back in by a recovery code', async () => {
    await phone.lose()
    await signIn(ada, password)
    await seen('second factor')
    await page.fill('#code', '123456')
    await send()
    await page.waitForSelector('[role=alert]')
    await seen('second factor refused')
    await page.fill('#code', codes[0])
    await send()
    await page.waitForURL('**/account')
    await signOut()
  })
  await step('sets the password anew by mail', async () => {
    await page.goto(`${issuer}/sign-in`)
    await page.click('a[href*=forgot]')
    await seen('forgot')
    await page.fill('#email', ada)
    await send()
    await seen('mail sent')
    const link = await mail.link(ada, 'reset-password')
    await page.goto(link)
    await seen('reset')
    await page.fill('#newPassword', 'password1')
    await send()
    await seen('reset refused')
    await page.fill('#newPassword', second)
    await send()
    await page.waitForSelector('[role=status]')
    await seen('reset done')
    await page.goto(link)
    await seen('reset again')
    await signIn(ada, password)
    await page.waitForSelector('[role=alert]')
    await seen('old password')
    await signIn(ada, second)
    await page.fill('#code', codes[0])
    await send()
    await page.waitForSelector('[role=alert]')
    await page.fill('#code', codes[1])
    await send()
    await page.waitForURL('**/account')
  })
  await step('changes the address', async () => {
    await page.fill('#newEmail', `new-${ada}`)
    await page.fill('#emailPassword', second)
    await send('form[action$="profile/email"]')
    await seen('address to be changed')
    await page.goto(await mail.link(`new-${ada}`, 'verify-email'))
    await seen('new address')
    await send()
    await page.waitForSelector('[role=status]')
    await seen('address changed')
  })
  await step('sets up an authenticator app', async () => {
    await page.goto(`${issuer}/account`)
    await open('#totp-on-password')
    await page.fill('#totp-on-password', second)
    await send('details:has(#totp-on-password)')
    await seen('app')
    const secret = (await page.textContent('code.secret')).replaceAll(' ', '')
    await page.fill('#code', '000000')
    await send('#factors form[action$=confirm]')
    await seen('app refused')
    await page.fill('#code', code(secret))
    await send('#factors form[action$=confirm]')
    await page.waitForSelector('#factors [role=status]')
    await seen('app set up')
  })
  await step('deletes the account', async () => {
    await open('#delete-password')
    await page.fill('#delete-password', second)
    await send('details:has(#delete-password)')
    await page.waitForSelector('main [role=status]')
    await seen('deleted')
  })
  await step('is invited without a mail', async () => {
    const user = await call('POST', '/admin/users', { email: `ivo-${tag}@example.com` })
    const { url } = await call('POST', `/admin/users/${user.id}/link`, { purpose: 'invite' })
    await page.goto(url)
    await seen('invited')
    await page.fill('#newPassword', password)
    await page.fill('#firstName', 'Ivo')
    await send()
    await page.waitForSelector('[role=status]')
    await seen('invitation taken')
    await signIn(`ivo-${tag}@example.com`, password)
    await page.waitForURL('**/account')
    await signOut()
    await call('PATCH', `/admin/users/${user.id}`, { disabled: true })
    await signIn(`ivo-${tag}@example.com`, password)
    await page.waitForSelector('[role=alert]')
    await seen('disabled')
  })
  await step('refuses an account that somebody else opened', async () => {
    await call('POST', '/auth/register', { email: `eve-${tag}@example.com`, password })
    await page.goto(await mail.link(`eve-${tag}@example.com`, 'verify-email'))
    await send('form[action$="not-me"]')
    await page.waitForSelector('[role=status]')
    await seen('not me')
  })
  await step('is led through the set-up that a role asks for', async () => {
    await call('PUT', '/admin/roles/clerk', { permissions: ['read:orders'] })
    await call('POST', '/admin/users', { email: `cleo-${tag}@example.com`, password, role: 'clerk' })
    await signIn(`cleo-${tag}@example.com`, password)
    await page.waitForSelector('.qr')
    await seen('set up at sign in')
    await page.fill('#code', code(await page.textContent('code.secret')))
    await send()
    await page.waitForSelector('.codes')
    await seen('codes at sign in')
    await page.click('a.button')
    await page.waitForURL('**/account')
    await signOut()
  })
  await step('sees what is wrong with a request', async () => {
    await page.goto(`${issuer}/oauth/authorize?client_id=nobody`)
    await seen('unknown application')
    await page.goto(`${issuer}/reset-password?token=nothing`)
    await seen('no link')
  })
  await step('hears no complaint of the browser', async () => equal(complaints.join('\n'), '', 'complaints'))
  await context.close()
}

// Every two of width, scheme and language come together once; with STORY=all all three do.
export async function story(browser) {
  const mail = await mailbox()
  const server = await start(mail)
  try {
    let turn = 0
    for (const width of [2560, 1280, 320]) {
      for (const scheme of ['light', 'dark']) {
        const languages = ['en-GB', 'de-DE']
        const told_in = process.env.STORY === 'all' ? languages : [languages[turn++ % 2]]
        for (const locale of told_in) await told({ browser, server, mail, width, scheme, locale })
      }
      turn++
    }
  } finally {
    server.stop()
    mail.close()
  }
}
