/** A key without its secret. */
export interface ApiKey {
    /** Addresses and networks from which it may be used; empty: from everywhere. */
    allowedIps?: string[];
    clientId?: ClientId | null;
    /** When it was minted. */
    createdAt: Timestamp;
    /** Whether it has not been turned off. */
    enabled?: boolean;
    /** `live` or `test`. */
    environment: Environment;
    expiresAt?: Timestamp | null;
    /** The key's beginning and last four characters, to tell keys apart: `sk_live_ab…wxyz`. */
    hint: string;
    /** Id of the key; a rotation gives the new secret a new id. */
    id: KeyId;
    lastUsedAt?: Timestamp | null;
    /** Address of the last accepted use. */
    lastUsedIp?: string | null;
    metadata?: Metadata | null;
    /** Who minted it: a user, a key, a client, or `system`. `null` where that is not known. */
    mintedBy?: string | null;
    /** What the owner calls it. */
    name: string;
    quota?: Quota | null;
    rateLimit?: RateLimit | null;
    revokedAt?: Timestamp | null;
    /** Scopes it was minted with. What it may do now is bounded by its owner's permissions. */
    scopes: ScopeSet;
}
/** As [`Audience`], for the description: one value or several. */
export type Audience = string | string[];
export type ClientId = string;
/** What an API key is for; written into the key's text. Doorward treats both alike. */
export type Environment = 'live' | 'test';
/** The closed list of error codes. */
export type ErrorCode = 'invalid_request' | 'invalid_credentials' | 'token_expired' | 'token_revoked' | 'invalid_token' | 'missing_token' | 'step_up_required' | 'mfa_required' | 'mfa_enrolment_required' | 'insufficient_scope' | 'account_disabled' | 'email_not_verified' | 'registration_closed' | 'blocked' | 'not_found' | 'mail_disabled' | 'method_not_allowed' | 'email_taken' | 'conflict' | 'payload_too_large' | 'unsupported_media_type' | 'validation_failed' | 'rate_limited' | 'internal_error' | 'overloaded' | 'storage_unavailable';
export type KeyId = string;
/**
 * `PATCH /apikey/{id}`. Scopes may only shrink. What loosens a limit, or turns a key on, needs what minting it needs;
 * `null` (for `allowedIps` `[]` too) takes a limit off.
 */
export interface KeyPatch {
    /** Addresses and networks from which it may be used. */
    allowedIps?: string[] | null;
    /** Whether it is accepted. */
    enabled?: boolean | null;
    metadata?: Metadata | null;
    /** What the owner calls it, 1 to 200 characters. */
    name?: string | null;
    quota?: Quota | null;
    rateLimit?: RateLimit | null;
    /** What it may do: all that stays. */
    scopes?: string[] | null;
}
/** `POST /auth/login`. */
export interface LoginRequest {
    /** The account's address, in any spelling that folds to the same. */
    email: string;
    /** The account's password. */
    password: string;
}
/** A JSON object of the application's own, at most 4 KiB. */
export type Metadata = Record<string, unknown>;
/**
 * `POST /apikey`. Scopes and addresses come as text, so that one of a wrong form is `validation_failed`, not
 * `invalid_request`.
 */
export interface MintRequest {
    /** Addresses, and networks as CIDR, from which it may be used; none: from everywhere. */
    allowedIps?: string[] | null;
    /** `false`: it is not accepted until it is turned on; `true` where left out. */
    enabled?: boolean | null;
    /** `live` where left out. */
    environment?: Environment;
    expiresAt?: Timestamp | null;
    metadata?: Metadata | null;
    /** What the owner calls it, 1 to 200 characters. */
    name: string;
    quota?: Quota | null;
    rateLimit?: RateLimit | null;
    /** What it may do; the caller must hold each of them. */
    scopes: string[];
}
/** A key with its secret: shown once, at minting. */
export interface MintedKey {
    /** When it was minted. */
    createdAt: Timestamp;
    /** `live` or `test`. */
    environment: Environment;
    expiresAt?: Timestamp | null;
    /** Id of the key. */
    id: KeyId;
    /** The secret: what goes into `Authorization: Bearer`. Only its SHA-256 is stored. */
    key: string;
    /** What the owner calls it. */
    name: string;
    /** What it may do, as far as its owner may. */
    scopes: ScopeSet;
}
/** RFC 6749 section 5.1. */
export interface OAuthToken {
    access_token: string;
    /** In seconds. */
    expires_in: number;
    id_token?: string | null;
    refresh_token?: string | null;
    scope: string;
    /** `Bearer` */
    token_type: string;
}
/** One of the caller's own sessions. */
export interface OwnSession {
    /** When it was opened. */
    createdAt: Timestamp;
    /** Whether the request came with this session's token. */
    current: boolean;
    /** Read from the user agent: "Firefox on Linux". */
    device: string;
    /** The absolute end, however often it is refreshed. */
    expiresAt: Timestamp;
    /** What `DELETE /auth/sessions/{id}` takes. */
    id: SessionId;
    /** Address that it was opened from. */
    ip: string;
    /** Last use of one of its tokens; uses are written every 30 seconds. */
    lastSeenAt: Timestamp;
    /** The `User-Agent` that it was opened with. */
    userAgent?: string | null;
}
/** One page of a list. */
export interface Page_ApiKey {
    /** Rows, in the order that was asked for. */
    data: ApiKey[];
    /** Where the rows stand in the list. */
    pagination: Pagination;
}
/** One page of a list. */
export interface Page_OwnSession {
    /** Rows, in the order that was asked for. */
    data: OwnSession[];
    /** Where the rows stand in the list. */
    pagination: Pagination;
}
/** Where a page stands in its list. */
export interface Pagination {
    /** Whether rows follow this page. */
    hasMore: boolean;
    /** Most rows in a page, as asked for. */
    limit: number;
    /** What to send as `cursor` for the next page; absent on the last. */
    nextCursor?: string | null;
    /** Rows before this page; 0 when a cursor was followed. */
    offset: number;
    /** Rows that match, over all pages. */
    total: number;
    /** Whether more than `total` rows may match: of a filtered list 10,000 are counted. Absent when `total` is exact. */
    totalAtLeast?: boolean;
}
/** `POST /auth/password`. Every other session of the account ends. */
export interface PasswordRequest {
    /** Ends the account's API keys too. */
    apiKeys?: boolean;
    /** The password that is replaced. */
    currentPassword: string;
    /** 8 characters to 1,024 bytes, never trimmed. */
    newPassword: string;
}
/** `GET /auth/me`. */
export interface Profile {
    apiKey?: ProfileKey | null;
    /** When the account was made. */
    createdAt: Timestamp;
    /** Address the person signs in with. */
    email: string;
    /** `null` where none was given. */
    firstName?: string | null;
    /** Id of the account, `sub` of its tokens. */
    id: UserId;
    lastLoginAt?: Timestamp | null;
    /** `null` where none was given. */
    lastName?: string | null;
    /** What the user may do now: the role's permissions and the user's own; for an API key, what the key may do now. */
    permissions: ScopeSet;
    /** Name of the account's role. */
    role: string;
}
/** The API key that a profile was read with. */
export interface ProfileKey {
    /** `live` or `test`. */
    environment: Environment;
    /** Id of the key. */
    id: KeyId;
    /** What the owner calls it. */
    name: string;
}
/** `PATCH /auth/me`: absent leaves a name as it is; `null` clears it. */
export interface ProfilePatch {
    /** Up to 200 characters. */
    firstName?: string | null;
    /** Up to 200 characters. */
    lastName?: string | null;
}
/** At most `limit` uses in a day or month of UTC. As text `1000/day`. */
export interface Quota {
    /** 1 to 2^53 - 1. */
    limit: number;
    /** When the count starts again. */
    period: QuotaPeriod;
}
/** Calendar period of a quota, in UTC. */
export type QuotaPeriod = 'day' | 'month';
/** At most `limit` uses in any window of `windowSeconds`, a sliding window. As text `100/60s`. */
export interface RateLimit {
    /** 1 to 1,000,000,000. */
    limit: number;
    /** 1 to 2,678,400, which are 31 days. */
    windowSeconds: number;
}
/** `POST /auth/register`. */
export interface RegisterRequest {
    /** Address to sign in with; compared after NFC and case folding, its domain as IDNA 2008 has it. */
    email: string;
    /** `given_name` of OpenID Connect, up to 200 characters. */
    firstName?: string | null;
    /** `family_name` of OpenID Connect, up to 200 characters. */
    lastName?: string | null;
    /** 8 characters to 1,024 bytes, never trimmed. */
    password: string;
}
/** Answer of `POST /auth/register`. */
export type RegisterResponse = TokenResponse & {
    /** The account that was made. */
    user: RegisteredUser;
};
/** A new account, as its owner sees it. */
export interface RegisteredUser {
    /** When the account was made. */
    createdAt: Timestamp;
    /** Address as it was given. */
    email: string;
    /** `null` where none was given. */
    firstName?: string | null;
    /** Id of the account, `sub` of its tokens. */
    id: UserId;
    /** `null` where none was given. */
    lastName?: string | null;
}
export type ScopeSet = string[];
export type SessionId = string;
export type Timestamp = string;
/** What introspection answers, RFC 7662 section 2.2. Of a token that is not active nothing is said. */
export interface TokenInfo {
    active: boolean;
    aud?: Audience | null;
    client_id?: string | null;
    exp?: number | null;
    iat?: number | null;
    iss?: string | null;
    jti?: string | null;
    scope?: string | null;
    sid?: string | null;
    sub?: string | null;
    /** `Bearer`; a refresh token has none. */
    token_type?: string | null;
    /** The person's email address. */
    username?: string | null;
}
/** What register, login and refresh answer. */
export interface TokenResponse {
    /** A JWT (RFC 9068): goes into `Authorization: Bearer`. */
    accessToken: string;
    /** The configured lifetime of the access token, in seconds. */
    expiresIn: number;
    /** When the tokens were made. */
    issuedAt: Timestamp;
    /** Works once, for `POST /auth/refresh`. */
    refreshToken: string;
    /** What was granted: space-separated, RFC 6749 section 3.3. */
    scope: string;
    /** Always `Bearer`. */
    tokenType: string;
    /** The account that signed in. */
    userId: UserId;
}
export type UserId = string;
//# sourceMappingURL=api.d.ts.map