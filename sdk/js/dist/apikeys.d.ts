import { type CallOptions } from './abort.js';
import type { ApiKey, KeyPatch, MintedKey, MintRequest, Page_ApiKey } from './api.js';
import type { ListQuery } from './auth.js';
import type { Connection } from './client.js';
/** What a key may do beside its scopes. `null` takes a limit off. */
export interface KeyLimits {
    /** At most `limit` calls in any `windowSeconds`. */
    rateLimit?: {
        limit: number;
        windowSeconds: number;
    } | null;
    /** At most `limit` calls in a day or month (UTC). */
    quota?: {
        limit: number;
        period: 'day' | 'month';
    } | null;
    /** Addresses or networks that the key may come from; `[]` is everywhere. */
    allowedIps?: string[];
    /** Yours; at most 4 KiB of JSON. */
    metadata?: Record<string, unknown> | null;
    enabled?: boolean;
}
/** What minting a key needs. */
export type CreateKeyInput = Pick<MintRequest, 'name' | 'scopes'> & {
    /** RFC 3339; never where left out. */
    expiresAt?: string;
    /** `live` where left out. */
    environment?: 'live' | 'test';
} & KeyLimits;
/** What a key can be changed to: its scopes may only shrink. */
export type UpdateKeyInput = Pick<KeyPatch, 'name' | 'scopes'> & KeyLimits;
/** What is asked of a key. */
export interface VerifyKeyInput {
    key: string;
    /** All of them are needed. */
    scopes?: string[];
    /** The address that the key came from. */
    ip?: string;
    /** What the call costs of the key's limits, from 1; 1 where left out. */
    cost?: number;
}
/** Why a key is good or not. */
export type KeyVerdict = 'valid' | 'not_found' | 'revoked' | 'expired' | 'disabled' | 'ip_not_allowed' | 'insufficient_scope' | 'rate_limited' | 'quota_exceeded';
/** What the server says of a key. */
export interface VerifiedKey {
    valid: boolean;
    code: KeyVerdict;
    keyId?: string;
    ownerId?: string;
    name?: string;
    scopes?: string[];
    environment?: 'live' | 'test';
    metadata?: Record<string, unknown> | null;
    expiresAt?: string | null;
    rateLimit?: {
        limit: number;
        remaining: number;
        resetSeconds: number;
    } | null;
    quota?: {
        limit: number;
        remaining: number;
        resetsAt: string;
    } | null;
}
/** One's own API keys, and the check of keys that others send. */
export declare class ApiKeys {
    #private;
    constructor(connection: Connection);
    /** Mints a key. `key` is shown in this answer and never again. */
    create(input: CreateKeyInput, options?: CallOptions): Promise<MintedKey>;
    list(query?: (ListQuery & {
        active?: boolean;
    }) | CallOptions, options?: CallOptions): Promise<Page_ApiKey>;
    get(id: string, options?: CallOptions): Promise<ApiKey>;
    update(id: string, input: UpdateKeyInput, options?: CallOptions): Promise<ApiKey>;
    /** Gives a key a new secret; the old one dies after `graceSeconds` (0). */
    rotate(id: string, input?: {
        graceSeconds?: number;
    } | CallOptions, options?: CallOptions): Promise<MintedKey>;
    /** Kills a key at once. */
    revoke(id: string, options?: CallOptions): Promise<void>;
    /**
     * Checks a key that came to your API, and spends its limits. As the client of `clientId` and `clientSecret`, which
     * is registered with `resourceServer`, else with the session or API key (scope `admin:apikeys:read`).
     */
    verify(input: VerifyKeyInput | string, options?: CallOptions): Promise<VerifiedKey>;
}
//# sourceMappingURL=apikeys.d.ts.map