// Registers the two clients of this example with a server, once, and prints their names as shell variables:
//   eval "$(OPERATOR_KEY=$(cat doorward-data/operator.key) node setup.mjs)"
const { DOORWARD_URL = 'http://127.0.0.1:8000', AUDIENCE = 'https://orders.example/', OPERATOR_KEY } = process.env

async function register(client) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${OPERATOR_KEY}` }
  const answer = await fetch(`${DOORWARD_URL}/admin/clients`, { method: 'POST', headers, body: JSON.stringify(client) })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer.json()
}

// The page: a public client, since it can keep no secret. The port of a loopback address is left out: any will do.
const page = await register({
  name: 'Orders',
  redirectUris: ['http://127.0.0.1/'],
  grantTypes: ['authorization_code', 'refresh_token'],
  scopes: ['openid', 'profile', 'email', 'offline_access', 'read:orders', 'write:orders'],
  resources: [AUDIENCE],
  confidential: false,
})
console.log(`export PAGE_ID=${page.clientId}`)
