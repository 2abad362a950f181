import { type CallOptions } from './abort.js';
import type { Issuer } from './issuer.js';
/** The claims of an access token (RFC 9068). */
export interface Claims {
    iss: string;
    sub: string;
    aud: string | string[];
    exp: number;
    iat: number;
    jti?: string;
    client_id?: string;
    /** Space-separated; see `covers`. */
    scope?: string;
    sid?: string;
    [name: string]: unknown;
}
/** What a verifier takes. */
export interface VerifierOptions {
    /** The name of your API: the `resource` that clients ask tokens for. Doorward's own tokens have its issuer. */
    audience: string;
}
/**
 * Verifies access tokens without asking the server about each. A token that was revoked is good here until it expires:
 * where that is too long, ask `tokens.introspect`.
 */
export declare class Verifier {
    #private;
    constructor(issuer: Issuer, { audience }: VerifierOptions);
    /**
     * The claims of a good token. Throws a {@link DoorwardError} with status 401 and code `token_expired` or
     * `invalid_token`; another status where the server's keys cannot be had.
     */
    verify(token: string, { signal }?: CallOptions): Promise<Claims>;
}
//# sourceMappingURL=verifier.d.ts.map