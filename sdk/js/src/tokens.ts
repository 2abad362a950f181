import { optional, orAbort, throwIfAborted, type CallOptions } from './abort.js'
import type { OAuthToken, TokenInfo } from './api.js'
import type { Connection } from './client.js'
import { unexpected } from './errors.js'

/** A cached token is not given out any more so many milliseconds before its end, or in the last tenth of its life. */
const MARGIN_MS = 30_000
/** Kinds of tokens kept at once. */
const MOST = 100

/** What a client's own token is to be good for. */
export interface ClientCredentialsInput {
  /** Space-separated, or a list; all that the client is registered for where left out. */
  scope?: string | readonly string[]
  /** The API that the token is for (RFC 8707). */
  resource?: string | readonly string[]
}

/** A client's own token. */
export interface ClientToken {
  accessToken: string
  tokenType: string
  /** Seconds that are left. */
  expiresIn: number
  scope: string
}

interface Kept {
  token: ClientToken
  endsAt: number
  goodUntil: number
}

/** Tokens of a client itself, and questions about tokens. */
export class Tokens {
  readonly #connection: Connection
  readonly #kept = new Map<string, Kept>()
  readonly #asked = new Map<string, Promise<Kept>>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** A token of the client itself. Asked once and kept until shortly before its end; all that wait share one call. */
  async clientCredentials(input?: ClientCredentialsInput | CallOptions, options?: CallOptions): Promise<ClientToken> {
    const [asked = {}, { signal }] = optional<ClientCredentialsInput>(input, options)
    throwIfAborted(signal)
    if (!this.#connection.hasClientSecret) throw new TypeError('clientId and clientSecret are needed')
    const scope = typeof asked.scope === 'object' ? asked.scope.join(' ') : asked.scope
    const fields = { grant_type: 'client_credentials', scope, resource: asked.resource }
    const key = JSON.stringify([scope, asked.resource])
    let kept = this.#kept.get(key)
    if (!kept || Date.now() >= kept.goodUntil) kept = await orAbort(this.#ask(key, fields), signal)
    return { ...kept.token, expiresIn: Math.max(0, Math.ceil((kept.endsAt - Date.now()) / 1000)) }
  }

  #ask(key: string, fields: Record<string, string | readonly string[] | undefined>): Promise<Kept> {
    let asking = this.#asked.get(key)
    if (!asking) {
      asking = this.#fetch(key, fields).finally(() => this.#asked.delete(key))
      this.#asked.set(key, asking)
    }
    return asking
  }

  async #fetch(key: string, fields: Record<string, string | readonly string[] | undefined>): Promise<Kept> {
    const began = Date.now()
    const answer = await this.#connection.form<OAuthToken>('/oauth/token', fields)
    if (typeof answer.access_token !== 'string') throw unexpected('access_token')
    const { access_token: accessToken, token_type: tokenType, expires_in: expiresIn, scope } = answer
    const life = (Number(expiresIn) || 0) * 1000
    const kept = {
      token: { accessToken, tokenType, expiresIn, scope },
      endsAt: began + life,
      goodUntil: began + life - Math.min(MARGIN_MS, life / 10),
    }
    const [first] = this.#kept.keys()
    if (this.#kept.size >= MOST && first !== undefined) this.#kept.delete(first)
    this.#kept.set(key, kept)
    return kept
  }

  /** What the server says of a token or API key now (RFC 7662), to the client or to the session or API key. */
  introspect(token: string, options?: CallOptions): Promise<TokenInfo> {
    if (this.#connection.hasClientSecret) return this.#connection.form('/oauth/introspect', { token }, options)
    const form = new URLSearchParams({ token })
    return this.#connection.call({ method: 'POST', path: '/oauth/introspect', form }, options)
  }

  /** Kills a token of this client (RFC 7009). One that is unknown or dead already is no error. */
  revoke(token: string, options?: CallOptions): Promise<void> {
    return this.#connection.revoke(token, options)
  }
}
