import type { TokenResponse } from './api.js'

/** A signed-in person's tokens. */
export interface Session extends Omit<TokenResponse, 'refreshToken'> {
  /** Absent only after a browser sign-in whose client may not refresh. */
  refreshToken?: string
  /** After a browser sign-in with the scope `openid`. */
  idToken?: string
  /** The OAuth client that the session belongs to, after a browser sign-in. */
  clientId?: string
}

/** A session and when it came, in milliseconds: its end by this machine's clock. */
export interface Held {
  session: Session
  receivedAt: number
}

/** Whether an answer holds tokens: a server that answers something else opens no session. */
export function isTokenResponse(answer: unknown): answer is TokenResponse {
  const { accessToken, refreshToken } = answer as Partial<TokenResponse>
  return typeof accessToken === 'string' && typeof refreshToken === 'string'
}

/** What `storage` holds; `undefined` where it is none of ours. */
export function parseHeld(text: string | null | undefined): Held | undefined {
  if (typeof text !== 'string') return undefined
  try {
    const held = JSON.parse(text) as Partial<Held> | null
    return typeof held?.session?.accessToken === 'string' && typeof held.receivedAt === 'number'
      ? (held as Held)
      : undefined
  } catch {
    return undefined
  }
}
