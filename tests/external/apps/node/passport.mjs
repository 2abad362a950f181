// passport-openidconnect, as its documentation has it.
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import Strategy from 'passport-openidconnect'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, BASE, PORT } = process.env
passport.use(
  new Strategy(
    {
      issuer: ISSUER,
      authorizationURL: `${ISSUER}/oauth/authorize`,
      tokenURL: `${ISSUER}/oauth/token`,
      userInfoURL: `${ISSUER}/oauth/userinfo`,
      clientID: CLIENT_ID,
      clientSecret: CLIENT_SECRET,
      callbackURL: `${BASE}/oauth2/redirect`,
      scope: ['profile', 'email', 'groups'],
    },
    (issuer, profile, context, idToken, accessToken, refreshToken, done) => {
      const { groups } = JSON.parse(Buffer.from(idToken.split('.')[1], 'base64url'))
      done(null, { id: profile.id, name: profile.displayName, email: profile.emails?.[0]?.value, groups })
    },
  ),
)
passport.serializeUser((user, done) => done(null, user))
passport.deserializeUser((user, done) => done(null, user))
const app = express()
app.use(session({ secret: 'a secret of the check', resave: false, saveUninitialized: false }))
app.use(passport.session())
app.get('/login', passport.authenticate('openidconnect'))
app.get('/oauth2/redirect', passport.authenticate('openidconnect', { failureRedirect: '/failed', successReturnToOrRedirect: '/me' }))
app.get('/me', (request, answer) => answer.json(request.user ?? {}))
app.listen(Number(PORT), '127.0.0.1')
