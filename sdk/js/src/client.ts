import { orAbort, throwIfAborted, type CallOptions } from './abort.js'
import { ApiKeys } from './apikeys.js'
import { Auth } from './auth.js'
import { isCode, unexpected } from './errors.js'
import { SessionKeeper, type SessionListener } from './keeper.js'
import { basic, sessionOf, trimmed } from './oauth.js'
import { Refresher } from './refresher.js'
import { isTokenResponse, type Session } from './session.js'
import { SignIn } from './signin.js'
import type { Storage } from './storage.js'
import { Tokens } from './tokens.js'
import { Transport, type Call, type Fetch } from './transport.js'
import { Verifier, type VerifierOptions } from './verifier.js'
import type { OAuthToken, TokenResponse } from './api.js'
import { Issuer } from './issuer.js'

/** How a {@link Doorward} is made. */
export interface DoorwardOptions {
  /** Where the server is, for instance `https://id.example.com`. */
  baseUrl: string
  /** Sent where no session is held. */
  apiKey?: string | undefined
  /** An OAuth client: for `signIn`, `tokens` and `apiKeys.verify`. */
  clientId?: string | undefined
  /** Of a confidential client: never in a browser. */
  clientSecret?: string | undefined
  /** Where the session is kept: memory by default, `localStorage` shares it between tabs. */
  storage?: Storage | undefined
  /** Instead of the global `fetch`. */
  fetch?: Fetch | undefined
  /** Longest wait for one answer: 30,000 by default, 0 for none. */
  timeoutMs?: number | undefined
  /** How often 429 and 503 are tried again: 2 by default. */
  retries?: number | undefined
  /** The server's `refresh_grace_seconds`: 2 by default. */
  refreshGraceSeconds?: number | undefined
}

/** A Doorward server, seen by one application. */
export class Doorward {
  readonly auth: Auth
  readonly apiKeys: ApiKeys
  readonly tokens: Tokens
  readonly signIn: SignIn
  readonly #connection: Connection

  constructor(options: DoorwardOptions) {
    this.#connection = new Connection(options)
    this.auth = new Auth(this.#connection)
    this.apiKeys = new ApiKeys(this.#connection)
    this.tokens = new Tokens(this.#connection)
    this.signIn = new SignIn(this.#connection, options.storage)
  }

  /** Verifies access tokens for an API, with the server's public keys and no call per token. */
  verifier(options: VerifierOptions): Verifier {
    return new Verifier(this.#connection.issuer, options)
  }

  /**
   * Calls `listener` with the session after login, register and refresh, and with `null` when it is over.
   * The answer ends that.
   */
  onSessionChange(listener: SessionListener): () => void {
    return this.#connection.keeper.listen(listener)
  }
}

const REVOKE = '/oauth/revoke'
const nobody: Session = { accessToken: '', tokenType: 'Bearer', expiresIn: 0, scope: '', userId: '', issuedAt: '' }

/** What the parts of a client share: the server, the credentials, the session. */
export class Connection {
  readonly transport: Transport
  readonly keeper: SessionKeeper
  readonly refresher: Refresher
  readonly issuer: Issuer
  readonly clientId: string | undefined
  readonly #apiKey: string | undefined
  readonly #clientSecret: string | undefined

  constructor(options: DoorwardOptions) {
    const { baseUrl, clientId, timeoutMs = 30_000, retries = 2, refreshGraceSeconds = 2 } = options
    const url = trimmed(baseUrl)
    if (!(timeoutMs >= 0)) throw new TypeError('timeoutMs must be 0 or more')
    if (!Number.isInteger(retries) || retries < 0) throw new TypeError('retries must be a whole number from 0')
    if (!(refreshGraceSeconds >= 0)) throw new TypeError('refreshGraceSeconds must be 0 or more')
    const fetch: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
    this.transport = new Transport(url, { fetch, timeoutMs, retries })
    this.clientId = clientId
    this.#clientSecret = options.clientSecret
    this.#apiKey = options.apiKey
    this.keeper = new SessionKeeper(`doorward:${url}${clientId ? `:${clientId}` : ''}`, options.storage)
    const exchange = (session: Session) => this.exchange(session.refreshToken ?? '', session.clientId)
    this.refresher = new Refresher(this.keeper, exchange, refreshGraceSeconds)
    this.issuer = new Issuer(this.transport)
  }

  get hasApiKey(): boolean {
    return this.#apiKey !== undefined
  }

  get hasClientSecret(): boolean {
    return this.clientId !== undefined && this.#clientSecret !== undefined
  }

  /** A call with the held session, else with the API key. A session that has expired is refreshed, once. */
  async call<T>(call: Call, { signal }: CallOptions = {}): Promise<T> {
    throwIfAborted(signal)
    let session = (await this.keeper.read())?.session
    for (let refreshed = false; ; refreshed = true) {
      const token = session?.accessToken ?? this.#apiKey
      try {
        return await this.transport.send<T>({ ...call, authorization: token && `Bearer ${token}` }, signal)
      } catch (error) {
        if (!session) throw error
        const refreshable = isCode(error, 'token_expired') && session.refreshToken !== undefined
        if (!refreshable) {
          if (isCode(error, 'token_expired', 'token_revoked')) await this.keeper.end(session)
          throw error
        }
        if (refreshed) throw error
        session = await this.refresher.refresh(session, signal)
      }
    }
  }

  /** A call without a credential. */
  open<T>(call: Call, { signal }: CallOptions = {}): Promise<T> {
    return this.transport.send<T>(call, signal)
  }

  /** A form of an OAuth endpoint, by this client. */
  form<T>(path: string, fields: Record<string, string | readonly string[] | undefined>, options?: CallOptions): Promise<T> {
    const form = new URLSearchParams()
    for (const [name, value] of Object.entries(fields)) {
      for (const one of typeof value === 'string' ? [value] : (value ?? [])) form.append(name, one)
    }
    const authorization = this.clientAuthorization()
    if (authorization === undefined && this.clientId !== undefined) form.set('client_id', this.clientId)
    return this.open<T>({ method: 'POST', path, form, authorization, bodyless: path === REVOKE }, options)
  }

  /** Kills a token of this client (RFC 7009); the answer says nothing. */
  revoke(token: string, options?: CallOptions): Promise<void> {
    return this.form(REVOKE, { token }, options)
  }

  /** The `Authorization` header of a confidential client. */
  clientAuthorization(): string | undefined {
    if (this.clientId === undefined || this.#clientSecret === undefined) return undefined
    return basic(this.clientId, this.#clientSecret)
  }

  /** The session of a refresh token that is not the held one: it is held from now on. */
  renew(refreshToken: string, held: Session | undefined, signal: AbortSignal | undefined): Promise<Session> {
    const session: Session = { ...(held ?? nobody), refreshToken }
    return orAbort(this.refresher.renew(session), signal)
  }

  /** The session that a refresh token gives, from the endpoint that its kind belongs to. */
  async exchange(refreshToken: string, clientId: string | undefined): Promise<Session> {
    if (clientId !== undefined) {
      const fields = { grant_type: 'refresh_token', refresh_token: refreshToken }
      return sessionOf(await this.form<OAuthToken>('/oauth/token', fields), clientId, refreshToken)
    }
    const answer = await this.open<TokenResponse>({ method: 'POST', path: '/auth/refresh', json: { refreshToken } })
    if (!isTokenResponse(answer)) throw unexpected('tokens')
    return answer
  }
}
