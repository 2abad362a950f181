// A person and clients for the checks; prints them as JSON.
const issuer = process.env.ISSUER
const scopes = ['openid', 'profile', 'email', 'offline_access', 'read']

async function call(path, body, key) {
  const headers = { 'content-type': 'application/json' }
  if (key) headers.authorization = `Bearer ${key}`
  const answer = await fetch(issuer + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

const person = { email: 'ada@example.com', password: 'correct horse battery' }
const { user } = await call('/auth/register', { ...person, firstName: 'Ada', lastName: 'Lovelace' })
const client = async (name, more) => {
  const { clientId, clientSecret } = await call('/admin/clients', { name, scopes, ...more }, process.env.OPERATOR_KEY)
  return { id: clientId, secret: clientSecret }
}
const people = {
  redirectUris: ['http://127.0.0.1/callback'],
  postLogoutRedirectUris: ['http://127.0.0.1:9/callback'],
  grantTypes: ['authorization_code', 'refresh_token'],
  // She signed up herself: her address is not verified.
  unverifiedEmail: 'send',
}
console.log(
  JSON.stringify({
    person: { ...person, id: user.id },
    redirectUri: 'http://127.0.0.1:9/callback',
    web: await client('Web app', { ...people, confidential: true }),
    native: await client('Native app', { ...people, confidential: false }),
    machine: await client('Machine', { grantTypes: ['client_credentials'], redirectUris: [], scopes: ['read'], confidential: true }),
  }),
)
