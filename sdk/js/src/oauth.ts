import type { OAuthToken } from './api.js'
import { claimsOf } from './encoding.js'
import { unexpected } from './errors.js'
import type { Session } from './session.js'

/** `client_secret_basic`: both halves are form-encoded first (RFC 6749 section 2.3.1). */
export function basic(clientId: string, clientSecret: string): string {
  const encoded = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${btoa(`${encoded(clientId)}:${encoded(clientSecret)}`)}`
}

/** The server's address without slashes at its end. */
export function trimmed(baseUrl: string): string {
  const url = new URL(baseUrl)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError('baseUrl must be an http or https URL')
  if (url.search || url.hash || url.username) throw new TypeError('baseUrl has no query, fragment or user')
  return url.href.replace(/\/+$/, '')
}

/** The session that an answer of the token endpoint opens. A client may keep its refresh token (RFC 6749 section 6). */
export function sessionOf(answer: OAuthToken, clientId: string, refreshToken?: string): Session {
  if (typeof answer.access_token !== 'string') throw unexpected('access_token')
  const { sub, iat } = claimsOf(answer.access_token)
  const session: Session = {
    accessToken: answer.access_token,
    tokenType: answer.token_type,
    expiresIn: answer.expires_in,
    scope: answer.scope,
    userId: typeof sub === 'string' ? sub : '',
    issuedAt: (typeof iat === 'number' ? new Date(iat * 1000) : new Date()).toISOString(),
    clientId,
  }
  const refresh = answer.refresh_token ?? refreshToken
  if (refresh) session.refreshToken = refresh
  if (answer.id_token) session.idToken = answer.id_token
  return session
}
