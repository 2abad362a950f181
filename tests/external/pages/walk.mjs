// A person's way through the hosted pages, in Chromium.
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'
import { check, counted, equal, inspector, isGerman } from './inspect.mjs'
import { story } from './story.mjs'

const issuer = process.env.ISSUER
const password = 'correct horse battery'

// The application that people come back to.
const app = createServer((_, answer) => {
  answer.setHeader('content-type', 'text/html')
  answer.end('<!doctype html><html lang="en"><title>Wiki</title><link rel="icon" href="data:,"><h1>Back at the wiki</h1>')
})
await new Promise((ready) => app.listen(0, '127.0.0.1', ready))
const home = `http://127.0.0.1:${app.address().port}/callback`

async function call(path, body) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${process.env.OPERATOR_KEY}` }
  const answer = await fetch(issuer + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}
const scopes = ['openid', 'profile', 'email', 'offline_access', 'read:orders', 'write']
const { clientId } = await call('/admin/clients', {
  name: 'Harbour Wiki',
  redirectUris: ['http://127.0.0.1/callback'],
  grantTypes: ['authorization_code', 'refresh_token'],
  scopes,
  confidential: true,
})

function requested(more = {}) {
  const url = new URL('/oauth/authorize', issuer)
  const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url')
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: home,
    scope: scopes.join(' '),
    state: 'a state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})

const height = (width) => (width > 2000 ? 1440 : width < 600 ? 700 : 800)

async function walk({ scripts, width, scheme }) {
  const name = `${width} ${scheme} ${scripts ? 'with' : 'without'} JavaScript`
  const context = await browser.newContext({
    javaScriptEnabled: scripts,
    viewport: { width, height: height(width) },
    colorScheme: scheme,
    bypassCSP: false,
  })
  const page = await context.newPage()
  const complaints = []
  page.on('console', (message) => {
    const expected = /the server responded with a status of (400|403|409|422|429)/
    if (message.type() === 'error' && !expected.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('requestfailed', (request) => {
    // Aborted is what was still loading when the person went on.
    const why = request.failure()?.errorText
    if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${why}`)
  })
  const email = `ada-${width}-${scheme}-${scripts}@example.com`

  const { violations, look } = inspector(page, { scripts, width, scheme, name })
  const press = (button) => page.getByRole('button', { name: button, exact: true }).click()
  const step = (what, work) => check(`${what} (${name})`, work)

  await step('signs up in the middle of a request', async () => {
    await page.goto(requested())
    await look('sign in')
    await page.getByRole('link', { name: 'Create an account' }).click()
    await look('sign up')
    await page.getByLabel('Email address').fill(email)
    await page.getByLabel('Password').fill('password123')
    await page.getByLabel(/First name/).fill('Ada')
    await press('Create account')
    await look('sign up refused')
    equal(await page.getByRole('alert').count(), 1, 'alerts')
    equal(await page.getByLabel('Email address').inputValue(), email, 'the address')
    await page.getByLabel('Password').fill(password)
    await press('Create account')
    await page.getByRole('heading', { name: 'Harbour Wiki wants to use your account' }).waitFor()
  })
  await step('allows, and arrives at the application', async () => {
    await look('consent')
    await press('Allow')
    await page.waitForURL(`${home}?code=*`)
    const landed = new URL(page.url())
    equal(landed.searchParams.get('state'), 'a state', 'state')
    equal(landed.searchParams.get('iss'), issuer, 'iss')
  })
  await step('is not asked again', async () => {
    await page.goto(requested())
    equal(new URL(page.url()).searchParams.has('code'), true, 'code')
  })
  await step('says no', async () => {
    await page.goto(requested({ prompt: 'consent' }))
    await press('Do not allow')
    await page.waitForURL(`${home}?error=access_denied*`)
  })
  await step('looks after the account', async () => {
    await page.goto(`${issuer}/account`)
    await look('account')
    const profile = page.locator('#profile')
    await profile.getByLabel('Last name').fill('Lovelace')
    await press('Save')
    await profile.getByRole('status').waitFor()
    equal(await profile.getByLabel('Last name').inputValue(), 'Lovelace', 'last name')
    await page.getByText('Make a new key').click()
    await look('account new key')
    await page.getByLabel('What is it for?').fill('Nightly export')
    await page.getByRole('checkbox', { name: /^read/ }).check()
    await press('Make key')
    const secret = await page.locator('.secret').textContent()
    equal(/^sk_live_[0-9A-Za-z]{38}$/.test(secret), true, 'the key')
    await look('account key made')
    const me = await fetch(`${issuer}/auth/me`, { headers: { authorization: `Bearer ${secret}` } })
    equal((await me.json()).email, email, 'whose key it is')
    await page.getByRole('button', { name: 'Revoke the key Nightly export' }).click()
    await page.locator('#keys').getByRole('status').waitFor()
    await page.getByRole('button', { name: 'Revoke the access of Harbour Wiki' }).click()
    await page.getByText('No application has access to your account.').waitFor()
  })
  await step('changes the password, and is told what is wrong', async () => {
    await page.goto(`${issuer}/account`)
    await page.locator('#currentPassword').fill('not the password')
    await page.locator('#newPassword').fill('another horse battery')
    await press('Change password')
    await page.locator('#password').getByRole('alert').waitFor()
    await look('account wrong password')
    await page.locator('#currentPassword').fill(password)
    await page.locator('#newPassword').fill('another horse battery')
    await press('Change password')
    await page.locator('#password').getByRole('status').waitFor()
  })
  await step('signs out and in again', async () => {
    await page.getByRole('link', { name: 'Sign out' }).click()
    await look('sign out')
    await press('Sign out')
    await look('signed out')
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByLabel('Email address').fill(email)
    await page.getByLabel('Password').fill('wrong')
    await press('Sign in')
    await page.getByRole('alert').waitFor()
    await look('sign in refused')
    await page.getByLabel('Password').fill('another horse battery')
    await press('Sign in')
    await page.waitForURL(`${issuer}/account`)
  })
  await step('sees an error page for a wrong address', async () => {
    const answer = await page.goto(requested({ redirect_uri: 'https://evil.example/' }))
    equal(answer.status(), 400, 'status')
    await look('error')
  })
  await step('reads a page in another language', async () => {
    await page.goto(requested({ prompt: 'consent', ui_locales: 'de' }))
    await look('consent in German')
    await page.getByRole('button', { name: 'Erlauben', exact: true }).waitFor()
  })
  if (scripts)
    await step('axe finds what is wrong where something is', async () => {
      await page.goto(`${issuer}/sign-in`)
      await page.evaluate(() => document.querySelector('label').remove())
      await page.evaluate(() => document.documentElement.removeAttribute('lang'))
      const found = (await violations()).map((line) => line.split(':')[0])
      equal(found.includes('label') && found.includes('html-has-lang'), true, found.join())
    })
  await step('hears no complaint of the browser', async () => equal(complaints.join('\n'), '', 'complaints'))
  await context.close()
}

// The pages in German, as narrow and as wide as they get, and from right to left: no language is written so yet.
async function german({ width, scheme }) {
  const name = `${width} ${scheme} in German`
  const options = { viewport: { width, height: height(width) }, colorScheme: scheme, locale: 'de-DE' }
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const { look } = inspector(page, { scripts: true, width, scheme, name })
  const step = (what, work) => check(`${what} (${name})`, work)
  const press = (button) => page.getByRole('button', { name: button, exact: true }).first().click()
  const seen = async (what) => {
    await look(`${what} in German`)
    await isGerman(page, what)
    await page.evaluate(() => (document.documentElement.dir = 'rtl'))
    await look(`${what} in German from the right`)
    await page.evaluate(() => document.documentElement.removeAttribute('dir'))
  }
  await step('signs up', async () => {
    await page.goto(requested())
    await seen('sign in')
    await page.getByRole('link', { name: 'Konto anlegen' }).click()
    await page.getByLabel('E-Mail-Adresse').fill(`eva-${width}-${scheme}@example.com`)
    await page.getByLabel('Passwort').fill('password123')
    await press('Konto anlegen')
    await seen('sign up refused')
    await page.getByLabel('Passwort').fill(password)
    await press('Konto anlegen')
    await page.getByRole('heading', { name: 'Harbour Wiki möchte Ihr Konto nutzen' }).waitFor()
    await seen('consent')
    await press('Erlauben')
    await page.waitForURL(`${home}?code=*`)
  })
  await step('looks after the account', async () => {
    await page.goto(`${issuer}/account`)
    await page.getByText('Neuen Schlüssel anlegen').click()
    await seen('account')
    equal(await page.locator('#sessions').getByText('Chrome auf Linux').count() > 0, true, 'the device in German')
    await page.locator('#currentPassword').fill('not the password')
    await page.locator('#newPassword').fill('another horse battery')
    await press('Passwort ändern')
    await page.getByText('Das aktuelle Passwort ist falsch.').waitFor()
    await page.getByText('Authenticator-App einrichten').click()
    await seen('account wrong password')
    await page.getByRole('link', { name: 'Abmelden' }).click()
    await seen('sign out')
    await press('Abmelden')
    await seen('signed out')
  })
  await step('sees errors', async () => {
    await page.goto(`${issuer}/reset-password?token=nothing`)
    await seen('dead link')
    await page.goto(`${issuer}/sign-in`)
    await page.getByLabel('E-Mail-Adresse').fill('nobody@example.com')
    await page.getByLabel('Passwort').fill('wrong')
    await press('Anmelden')
    await seen('sign in refused')
  })
  await context.close()
}

const schemes = ['light', 'dark']
for (const width of [2560, 1280, 320]) for (const scheme of schemes) await german({ width, scheme })
for (const scripts of [true, false])
  for (const width of scripts ? [2560, 1280, 375] : [1280, 375])
    for (const scheme of scripts ? schemes : ['light']) await walk({ scripts, width, scheme })
await story(browser)
await browser.close()
app.close()
console.log(`${counted.passed} passed, ${counted.failed} failed`)
process.exitCode = counted.failed === 0 && counted.passed > 0 ? 0 : 1
