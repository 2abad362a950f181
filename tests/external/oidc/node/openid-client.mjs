// npm openid-client: what most Node applications use.
import * as client from 'openid-client'
import { check, equal, issuer, made, refused } from './check.mjs'
import { Person } from './person.mjs'

const execute = [client.allowInsecureRequests]
const discover = ({ id, secret }) =>
  client.discovery(new URL(issuer), id, secret, secret ? undefined : client.None(), { execute })

for (const name of ['web', 'native']) {
  const config = await check(`openid-client discovers (${name})`, () => discover(made[name]))
  if (!config) continue
  const person = new Person()
  const tokens = await check(`openid-client signs a person in (${name})`, async () => {
    const verifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const nonce = client.randomNonce()
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: made.redirectUri,
      scope: 'openid email offline_access',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    })
    const landed = new URL(await person.go(url.href))
    return client.authorizationCodeGrant(config, landed, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
  })
  if (!tokens) continue
  const { sub } = tokens.claims()
  await check(`openid-client asks for userinfo (${name})`, async () => {
    const info = await client.fetchUserInfo(config, tokens.access_token, sub)
    equal(info.email, made.person.email, 'email')
  })
  const next = await check(`openid-client refreshes (${name})`, () =>
    client.refreshTokenGrant(config, tokens.refresh_token),
  )
  if (name === 'web') {
    await check('openid-client introspects', async () => {
      equal((await client.tokenIntrospection(config, next.access_token)).active, true, 'active')
    })
  }
  await check(`openid-client revokes (${name})`, async () => {
    await client.tokenRevocation(config, next.refresh_token)
    await refused(() => client.refreshTokenGrant(config, next.refresh_token), 'invalid_grant')
  })
  await check(`openid-client signs the person out (${name})`, async () => {
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: made.redirectUri,
      state: 'bye',
    })
    equal(await person.go(url.href), `${made.redirectUri}?state=bye`, 'where they end up')
    const account = await person.open(`${issuer}/account`)
    equal(account.headers.get('location'), '/sign-in', 'the account page')
  })
}
await check('openid-client uses client credentials', async () => {
  const config = await discover(made.machine)
  const tokens = await client.clientCredentialsGrant(config, { scope: 'read' })
  equal(tokens.token_type, 'bearer', 'token_type')
})
console.log('end')
