// Auth.js for Express, with a provider of type "oidc".
import express from 'express'
import { ExpressAuth } from '@auth/express'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env
const doorward = {
  id: 'doorward',
  name: 'Doorward',
  type: 'oidc',
  issuer: ISSUER,
  clientId: CLIENT_ID,
  clientSecret: CLIENT_SECRET,
  authorization: { params: { scope: 'openid profile email groups' } },
}
const app = express()
app.set('trust proxy', true)
app.use(
  /^\/auth\/(.*)$/,
  ExpressAuth({
    providers: [doorward],
    secret: 'a secret of the check, 32 bytes or more',
    trustHost: true,
    callbacks: {
      jwt: ({ token, profile }) => (profile ? { ...token, groups: profile.groups } : token),
      session: ({ session, token }) => ({ ...session, user: { ...session.user, groups: token.groups } }),
    },
  }),
)
app.get('/', (_, answer) => answer.json({}))
app.listen(Number(PORT), '127.0.0.1')
