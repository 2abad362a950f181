// express-openid-connect with the authorization code flow; RESPONSE_MODE is "query" or "form_post".
import express from 'express'
import { auth } from 'express-openid-connect'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, BASE, PORT, RESPONSE_MODE } = process.env
const app = express()
app.use(
  auth({
    issuerBaseURL: ISSUER,
    baseURL: BASE,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: 'a secret of the check, 32 bytes or more',
    authRequired: false,
    authorizationParams: { response_type: 'code', response_mode: RESPONSE_MODE, scope: 'openid profile email groups' },
  }),
)
app.get('/', (_, answer) => answer.redirect('/me'))
app.get('/me', (request, answer) => answer.json(request.oidc.user ?? {}))
app.listen(Number(PORT), '127.0.0.1')
