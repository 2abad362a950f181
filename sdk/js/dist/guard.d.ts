import type { ApiKeys, VerifiedKey } from './apikeys.js';
import type { Claims } from './verifier.js';
/** Who calls: the claims of an access token, or what the server says of an API key. */
export interface Caller {
    /** The user or client that the credential stands for. */
    sub: string;
    /** Space-separated. */
    scope: string;
    /** Of an access token. */
    claims?: Claims;
    /** Of an API key. */
    apiKey?: VerifiedKey;
}
/** What guards a route. */
export interface GuardOptions {
    /** `doorward.verifier({ audience })`. */
    verifier: {
        verify(token: string): Promise<Claims>;
    };
    /** `doorward.apiKeys`, where API keys are taken too. Each call then asks the server, which counts the key's limits. */
    apiKeys?: Pick<ApiKeys, 'verify'> | undefined;
}
/** What a request shows. */
export interface Shown {
    /** Its `Authorization` header. */
    authorization: string | undefined;
    /** The address it came from. */
    ip: string | undefined;
}
/** An answer that refuses. */
export interface Refusal {
    status: number;
    headers: Record<string, string>;
    body: {
        error: {
            code: string;
            message: string;
        };
    };
}
/** The one rule of all frameworks: the caller, or the answer that refuses. */
export declare function admit(wanted: readonly string[], { verifier, apiKeys }: GuardOptions, { authorization, ip }: Shown): Promise<{
    caller: Caller;
    refusal?: undefined;
} | {
    caller?: undefined;
    refusal: Refusal;
}>;
/** The scopes that `requireScope` was given. */
export declare function list(scope: string | readonly string[]): readonly string[];
//# sourceMappingURL=guard.d.ts.map