// oidc-client-ts in Chromium, in a page of another origin than Doorward's: sign in, silent renewal, userinfo, revocation, sign-out. Prints "ok NAME" or "FAILED NAME".
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const { ISSUER, CLIENT_ID, BASE, PORT, EMAIL, PASSWORD } = process.env
const library = readFileSync(createRequire(import.meta.url).resolve('oidc-client-ts').replace(/dist\/.*/, 'dist/browser/oidc-client-ts.min.js'))
const settings = {
  authority: ISSUER,
  client_id: CLIENT_ID,
  redirect_uri: `${BASE}/callback`,
  silent_redirect_uri: `${BASE}/silent`,
  post_logout_redirect_uri: `${BASE}/bye`,
  scope: 'openid profile email groups offline_access',
  loadUserInfo: true,
  automaticSilentRenew: false,
}
const page = `<!doctype html><title>An application</title><script src="/oidc.js"></script><script>
  const settings = ${JSON.stringify(settings)}
  const of = (more) => new oidc.UserManager({ ...settings, userStore: new oidc.WebStorageStateStore({ store: localStorage }), ...more })
  const manager = of({})
  window.done = location.pathname === '/callback' ? manager.signinCallback().then((user) => user)
    : location.pathname === '/silent' ? manager.signinSilentCallback() : Promise.resolve()
</script>`
createServer((request, answer) => {
  const script = request.url === '/oidc.js'
  answer.setHeader('content-type', script ? 'text/javascript' : 'text/html')
  answer.end(script ? library : page)
}).listen(Number(PORT), '127.0.0.1')

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] })
const tab = await browser.newPage()
tab.setDefaultTimeout(30_000)
async function check(name, work) {
  try {
    await work()
    console.log(`ok ${name}`)
  } catch (error) {
    console.log(`FAILED ${name}\n${error.stack ?? error}\nat ${tab.url()}`)
  }
}
function same(have, want, what) {
  if (JSON.stringify(have) !== JSON.stringify(want)) throw new Error(`${what}: ${JSON.stringify(have)} is not ${JSON.stringify(want)}`)
}

await check('a person signs in', async () => {
  await tab.goto(`${BASE}/`)
  await tab.evaluate(() => void manager.signinRedirect())
  await tab.fill('input[name=email]', EMAIL)
  await tab.fill('input[name=password]', PASSWORD)
  await tab.click('main button[type=submit]')
  await tab.click('main button[type=submit]')
  await tab.waitForURL(`${BASE}/callback**`)
  const { profile } = await tab.evaluate(() => window.done)
  same([profile.name, profile.email, profile.groups], ['Ada Lovelace', EMAIL, ['staff']], 'the profile')
})
await check('tokens are renewed with the refresh token', async () => {
  const [before, after] = await tab.evaluate(async () => {
    const before = await manager.getUser()
    return [before.access_token, (await manager.signinSilent()).access_token]
  })
  if (before === after) throw new Error('it is the same token')
})
await check('a hidden frame is told that consent is asked each time at a loopback address (RFC 8252 section 8.6)', async () => {
  const error = await tab.evaluate(() =>
    of({ scope: 'openid', userStore: undefined }).signinSilent({ forceIframeAuth: true }).catch(({ error }) => error))
  same(error, 'consent_required', 'the error')
})
await check('userinfo is read from the page', async () => {
  const info = await tab.evaluate(async (issuer) => {
    const { access_token } = await manager.getUser()
    return (await fetch(`${issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })).json()
  }, ISSUER)
  same([info.name, info.email, info.groups], ['Ada Lovelace', EMAIL, ['staff']], 'userinfo')
})
await check('the refresh token is revoked from the page', async () => {
  const status = await tab.evaluate(async (issuer) => {
    await manager.revokeTokens(['refresh_token'])
    const { access_token } = await manager.getUser()
    return (await fetch(`${issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })).status
  }, ISSUER)
  same(status, 401, 'userinfo after that')
})
await check('a person signs out and comes back', async () => {
  await tab.evaluate(() => void manager.signoutRedirect())
  await tab.waitForURL(`${BASE}/bye**`)
  await tab.goto(`${ISSUER}/account`)
  await tab.waitForSelector('input[name=password]')
})
await check('a page of an origin that no client names gets no answer', async () => {
  const foreign = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end('<!doctype html><title>x</title>'))
  await new Promise((ready) => foreign.listen(0, '127.0.0.1', ready))
  await tab.goto(`http://127.0.0.1:${foreign.address().port}/`)
  const seen = await tab.evaluate((issuer) => fetch(`${issuer}/oauth/userinfo`).then(() => 'an answer', () => 'refused'), ISSUER)
  same(seen, 'refused', 'the fetch')
})
await browser.close()
console.log('end')
process.exit(0)
