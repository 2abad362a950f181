// Made from the server's /openapi.json by tools/types.mjs: do not edit.

/** A key without its secret. */
export interface ApiKey {
  /** Addresses and networks from which it may be used; empty: from everywhere. */
  allowedIps?: string[]
  clientId?: ClientId | null
  createdAt: Timestamp
  /** Whether it has not been turned off. */
  enabled?: boolean
  environment: Environment
  expiresAt?: Timestamp | null
  /** `sk_live_ab…wxyz` */
  hint: string
  id: KeyId
  lastUsedAt?: Timestamp | null
  lastUsedIp?: string | null
  metadata?: Metadata | null
  /** Who minted it: a user, a key, a client, or `system`. `null` where that is not known. */
  mintedBy?: string | null
  name: string
  quota?: Quota | null
  rateLimit?: RateLimit | null
  revokedAt?: Timestamp | null
  scopes: ScopeSet
}

/** As [`Audience`], for the description: one value or several. */
export type Audience = string | string[]

export type ClientId = string

/** Which half of an application a key is for; written into the key itself. */
export type Environment = 'live' | 'test'

/** The closed list of error codes. */
export type ErrorCode = 'invalid_request' | 'invalid_credentials' | 'token_expired' | 'token_revoked' | 'invalid_token' | 'missing_token' | 'step_up_required' | 'mfa_required' | 'mfa_enrolment_required' | 'insufficient_scope' | 'account_disabled' | 'email_not_verified' | 'registration_closed' | 'blocked' | 'not_found' | 'mail_disabled' | 'method_not_allowed' | 'email_taken' | 'conflict' | 'payload_too_large' | 'unsupported_media_type' | 'validation_failed' | 'rate_limited' | 'internal_error' | 'overloaded' | 'storage_unavailable'

export type KeyId = string

/**
 * Scopes may only shrink. What loosens a limit, or turns a key on, needs what minting it needs; `null` (for `allowedIps`
 * `[]` too) takes a limit off.
 */
export interface KeyPatch {
  /** Addresses and networks from which it may be used. */
  allowedIps?: string[] | null
  /** Whether it is accepted. */
  enabled?: boolean | null
  metadata?: Metadata | null
  name?: string | null
  quota?: Quota | null
  rateLimit?: RateLimit | null
  scopes?: string[] | null
}

export interface LoginRequest {
  email: string
  password: string
}

/** A JSON object of the application's own, at most 4 KiB. */
export type Metadata = Record<string, unknown>

/** Scopes and addresses come as text, so that one of a wrong form is `validation_failed`, not `invalid_request`. */
export interface MintRequest {
  /** Addresses, and networks as CIDR, from which it may be used; none: from everywhere. */
  allowedIps?: string[] | null
  /** `false`: it is not accepted until it is turned on; `true` where left out. */
  enabled?: boolean | null
  environment?: Environment
  expiresAt?: Timestamp | null
  metadata?: Metadata | null
  name: string
  quota?: Quota | null
  rateLimit?: RateLimit | null
  scopes: string[]
}

/** A key with its secret: shown once, at minting. */
export interface MintedKey {
  createdAt: Timestamp
  environment: Environment
  expiresAt?: Timestamp | null
  id: KeyId
  key: string
  name: string
  scopes: ScopeSet
}

/** RFC 6749 section 5.1. */
export interface OAuthToken {
  access_token: string
  /** In seconds. */
  expires_in: number
  id_token?: string | null
  refresh_token?: string | null
  scope: string
  /** `Bearer` */
  token_type: string
}

/** One of the caller's own sessions. */
export interface OwnSession {
  createdAt: Timestamp
  /** Whether the request came with this session's token. */
  current: boolean
  /** Read from the user agent: "Firefox on Linux". */
  device: string
  expiresAt: Timestamp
  id: SessionId
  ip: string
  lastSeenAt: Timestamp
  userAgent?: string | null
}

/** One page of a list. */
export interface Page_ApiKey {
  data: ApiKey[]
  pagination: Pagination
}

/** One page of a list. */
export interface Page_OwnSession {
  data: OwnSession[]
  pagination: Pagination
}

/** Where a page stands in its list. */
export interface Pagination {
  hasMore: boolean
  limit: number
  /** What to send as `cursor` for the next page; absent on the last. */
  nextCursor?: string | null
  /** Rows before this page; 0 when a cursor was followed. */
  offset: number
  /** Rows that match, over all pages. */
  total: number
  /** Whether more than `total` rows may match: of a filtered list 10,000 are counted. Absent when `total` is exact. */
  totalAtLeast?: boolean
}

export interface PasswordRequest {
  /** Ends the account's API keys too. */
  apiKeys?: boolean
  currentPassword: string
  newPassword: string
}

/** `GET /auth/me`. */
export interface Profile {
  apiKey?: ProfileKey | null
  createdAt: Timestamp
  email: string
  firstName?: string | null
  id: UserId
  lastLoginAt?: Timestamp | null
  lastName?: string | null
  /** What the user may do now: the role's permissions and the user's own; for an API key, what the key may do now. */
  permissions: ScopeSet
  role: string
}

/** The API key that a profile was read with. */
export interface ProfileKey {
  environment: Environment
  id: KeyId
  name: string
}

/** Absent leaves a name as it is; `null` clears it. */
export interface ProfilePatch {
  firstName?: string | null
  lastName?: string | null
}

/** So many uses in a day or month of UTC. As text `1000/day`. */
export interface Quota {
  /** 1 to 2^53 - 1. */
  limit: number
  period: QuotaPeriod
}

/** Days and months of UTC. */
export type QuotaPeriod = 'day' | 'month'

/** So many uses in any window of so many seconds. As text `100/60s`. */
export interface RateLimit {
  /** 1 to 1,000,000,000. */
  limit: number
  /** 1 to 2,678,400, which are 31 days. */
  windowSeconds: number
}

export interface RegisterRequest {
  email: string
  firstName?: string | null
  lastName?: string | null
  /** 8 characters to 1,024 bytes, never trimmed. */
  password: string
}

export type RegisterResponse = TokenResponse & {
  user: RegisteredUser
}

export interface RegisteredUser {
  createdAt: Timestamp
  email: string
  firstName?: string | null
  id: UserId
  lastName?: string | null
}

export type ScopeSet = string[]

export type SessionId = string

export type Timestamp = string

/** What introspection answers, RFC 7662 section 2.2. Of a token that is not active nothing is said. */
export interface TokenInfo {
  active: boolean
  aud?: Audience | null
  client_id?: string | null
  exp?: number | null
  iat?: number | null
  iss?: string | null
  jti?: string | null
  scope?: string | null
  sid?: string | null
  sub?: string | null
  /** `Bearer`; a refresh token has none. */
  token_type?: string | null
  /** The person's email address. */
  username?: string | null
}

/** What register, login and refresh answer. */
export interface TokenResponse {
  accessToken: string
  /** The configured lifetime of the access token, in seconds. */
  expiresIn: number
  issuedAt: Timestamp
  refreshToken: string
  /** Space-separated, RFC 6749 section 3.3. */
  scope: string
  /** Always `Bearer`. */
  tokenType: string
  userId: UserId
}

export type UserId = string
