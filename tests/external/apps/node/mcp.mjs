// The TypeScript SDK of the Model Context Protocol: a server that asks for tokens (RFC 9728, introspection), and a client
// that finds Doorward from its 401, registers itself, sends a person to sign in, and calls a tool. Reads where the
// person's browser ended from standard input. Prints "ok NAME" or "FAILED NAME".
import { createInterface } from 'node:readline'
import express from 'express'
import { InMemoryOAuthClientProvider } from '@modelcontextprotocol/sdk/examples/client/simpleOAuthClientProvider.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, BASE, PORT } = process.env
const resource = new URL(`${BASE}/mcp`)
const oauthMetadata = await (await fetch(`${ISSUER}/.well-known/oauth-authorization-server`)).json()
const verifier = {
  async verifyAccessToken(token) {
    const answer = await fetch(oauthMetadata.introspection_endpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}` },
      body: new URLSearchParams({ token }),
    })
    const about = await answer.json()
    if (!about.active) throw new Error('the token is not active')
    const meant = [about.aud].flat().includes(resource.href)
    return { token, clientId: about.client_id, scopes: about.scope.split(' '), expiresAt: about.exp, resource: meant ? resource : undefined, extra: about }
  },
}
const app = express()
app.use(express.json())
app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: resource, resourceName: 'Harbour tools' }))
app.post('/mcp', requireBearerAuth({ verifier, resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource), expectedResource: resource }), async (request, answer) => {
  const server = new McpServer({ name: 'harbour', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who calls' }, ({ authInfo }) => ({ content: [{ type: 'text', text: authInfo.extra.sub }] }))
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  await server.connect(transport)
  await transport.handleRequest(request, answer, request.body)
})
app.get('/mcp', (_, answer) => answer.sendStatus(405))
await new Promise((ready) => app.listen(Number(PORT), '127.0.0.1', ready))

async function check(name, work) {
  try {
    await work()
    console.log(`ok ${name}`)
  } catch (error) {
    console.log(`FAILED ${name}\n${error.stack ?? error}`)
  }
}
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
let asked
const provider = new InMemoryOAuthClientProvider(
  `${BASE}/callback`,
  {
    client_name: 'An assistant',
    redirect_uris: [`${BASE}/callback`],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  (url) => (asked = url),
)
const connect = () => {
  const client = new Client({ name: 'assistant', version: '1.0.0' })
  const transport = new StreamableHTTPClientTransport(resource, { authProvider: provider })
  return { client, transport }
}
await check('the client finds Doorward and registers itself', async () => {
  const { client, transport } = connect()
  try {
    await client.connect(transport)
    throw new Error('nobody asked for a token')
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
  }
  if (asked.searchParams.get('resource') !== resource.href) throw new Error(`resource: ${asked}`)
  console.log(`open ${asked}`)
  await transport.finishAuth(new URL((await lines.next()).value).searchParams.get('code'))
})
await check('a tool is called in the name of the person', async () => {
  const { client, transport } = connect()
  await client.connect(transport)
  const { content } = await client.callTool({ name: 'whoami', arguments: {} })
  if (content[0].text !== process.env.SUBJECT) throw new Error(JSON.stringify(content))
  await client.close()
})
await check('a token of another audience is refused', async () => {
  const answer = await fetch(oauthMetadata.token_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${process.env.OTHER_ID}:${process.env.OTHER_SECRET}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  const { access_token } = await answer.json()
  const refused = await fetch(resource, { method: 'POST', headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' }, body: '{}' })
  if (refused.status !== 401) throw new Error(`${refused.status}`)
})
console.log('end')
process.exit(0)
