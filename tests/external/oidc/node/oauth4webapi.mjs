// npm oauth4webapi: strict about every header and claim. Knows the issuer URL, and finds the rest.
import * as oauth from 'oauth4webapi'
import { check, equal, issuer, made, refused } from './check.mjs'
import { Person } from './person.mjs'

const insecure = { [oauth.allowInsecureRequests]: true }
const base = new URL(issuer)
let as
for (const algorithm of ['oauth2', 'oidc']) {
  await check(`oauth4webapi discovers (${algorithm})`, async () => {
    const answer = await oauth.discoveryRequest(base, { algorithm, ...insecure })
    as = await oauth.processDiscoveryResponse(base, answer)
  })
}

async function signIn(client, auth, person, more = {}) {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const nonce = oauth.generateRandomNonce()
  const url = new URL(as.authorization_endpoint)
  const parameters = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: made.redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const landed = new URL(await person.go(url.href))
  const answer = oauth.validateAuthResponse(as, client, landed, state)
  const response = await oauth.authorizationCodeGrantRequest(as, client, auth, answer, made.redirectUri, verifier, insecure)
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  await oauth.validateApplicationLevelSignature(as, response, insecure)
  return tokens
}

for (const [name, client, auth] of [
  ['client_secret_basic', { client_id: made.web.id }, oauth.ClientSecretBasic(made.web.secret)],
  ['client_secret_post', { client_id: made.web.id }, oauth.ClientSecretPost(made.web.secret)],
  ['a public client', { client_id: made.native.id }, oauth.None()],
]) {
  const person = new Person()
  const tokens = await check(`oauth4webapi signs a person in (${name})`, () => signIn(client, auth, person))
  if (!tokens) continue
  const { sub } = oauth.getValidatedIdTokenClaims(tokens)
  await check(`oauth4webapi asks for userinfo (${name})`, async () => {
    const answer = await oauth.userInfoRequest(as, client, tokens.access_token, insecure)
    const info = await oauth.processUserInfoResponse(as, client, sub, answer)
    equal(info.email, made.person.email, 'email')
    equal(info.name, 'Ada Lovelace', 'name')
  })
  await check(`oauth4webapi refreshes (${name})`, async () => {
    const answer = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, insecure)
    const next = await oauth.processRefreshTokenResponse(as, client, answer)
    if (next.refresh_token === tokens.refresh_token) throw new Error('the refresh token is the same')
    tokens.refresh_token = next.refresh_token
  })
  if (client.client_id === made.web.id) {
    await check(`oauth4webapi introspects (${name})`, async () => {
      const answer = await oauth.introspectionRequest(as, client, auth, tokens.access_token, insecure)
      const about = await oauth.processIntrospectionResponse(as, client, answer)
      equal(about.active, true, 'active')
      equal(about.sub, sub, 'sub')
    })
  }
  await check(`oauth4webapi revokes (${name})`, async () => {
    const answer = await oauth.revocationRequest(as, client, auth, tokens.refresh_token, insecure)
    await oauth.processRevocationResponse(answer)
    await refused(async () => {
      const again = await oauth.refreshTokenGrantRequest(as, client, auth, tokens.refresh_token, insecure)
      await oauth.processRefreshTokenResponse(as, client, again)
    }, 'invalid_grant')
  })
  await check(`oauth4webapi asks for a recent sign-in (${name})`, async () => {
    await signIn(client, auth, person, { max_age: '0' })
  })
  await check(`oauth4webapi is told that nobody is signed in (${name})`, () =>
    refused(() => signIn(client, auth, new Person(), { prompt: 'none' }), 'login_required'),
  )
}
await check('oauth4webapi uses client credentials', async () => {
  const client = { client_id: made.machine.id }
  const auth = oauth.ClientSecretBasic(made.machine.secret)
  const answer = await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: 'read' }, insecure)
  const tokens = await oauth.processClientCredentialsResponse(as, client, answer)
  equal(tokens.expires_in, 7200, 'expires_in')
})
console.log('end')
