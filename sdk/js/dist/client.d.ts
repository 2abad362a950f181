import { type CallOptions } from './abort.js';
import { ApiKeys } from './apikeys.js';
import { Auth } from './auth.js';
import { SessionKeeper, type SessionListener } from './keeper.js';
import { Refresher } from './refresher.js';
import { type Session } from './session.js';
import { SignIn } from './signin.js';
import type { Storage } from './storage.js';
import { Tokens } from './tokens.js';
import { Transport, type Call, type Fetch } from './transport.js';
import { Verifier, type VerifierOptions } from './verifier.js';
import { Issuer } from './issuer.js';
/** How a {@link Doorward} is made. */
export interface DoorwardOptions {
    /** Where the server is, for instance `https://id.example.com`. */
    baseUrl: string;
    /** Sent where no session is held. */
    apiKey?: string | undefined;
    /** An OAuth client: for `signIn`, `tokens` and `apiKeys.verify`. */
    clientId?: string | undefined;
    /** Of a confidential client: never in a browser. */
    clientSecret?: string | undefined;
    /** Where the session is kept: memory by default, `localStorage` shares it between tabs. */
    storage?: Storage | undefined;
    /** Instead of the global `fetch`. */
    fetch?: Fetch | undefined;
    /** Longest wait for one answer: 30,000 by default, 0 for none. */
    timeoutMs?: number | undefined;
    /** How often 429 and 503 are tried again: 2 by default. */
    retries?: number | undefined;
    /** The server's `refresh_grace_seconds`: 2 by default. */
    refreshGraceSeconds?: number | undefined;
}
/** A Doorward server, seen by one application. */
export declare class Doorward {
    #private;
    readonly auth: Auth;
    readonly apiKeys: ApiKeys;
    readonly tokens: Tokens;
    readonly signIn: SignIn;
    constructor(options: DoorwardOptions);
    /** Verifies access tokens for an API, with the server's public keys and no call per token. */
    verifier(options: VerifierOptions): Verifier;
    /**
     * Calls `listener` with the session after login, register and refresh, and with `null` when it is over.
     * The answer ends that.
     */
    onSessionChange(listener: SessionListener): () => void;
}
/** What the parts of a client share: the server, the credentials, the session. */
export declare class Connection {
    #private;
    readonly transport: Transport;
    readonly keeper: SessionKeeper;
    readonly refresher: Refresher;
    readonly issuer: Issuer;
    readonly clientId: string | undefined;
    constructor(options: DoorwardOptions);
    get hasApiKey(): boolean;
    get hasClientSecret(): boolean;
    /** A call with the held session, else with the API key. A session that has expired is refreshed, once. */
    call<T>(call: Call, { signal }?: CallOptions): Promise<T>;
    /** A call without a credential. */
    open<T>(call: Call, { signal }?: CallOptions): Promise<T>;
    /** A form of an OAuth endpoint, by this client. */
    form<T>(path: string, fields: Record<string, string | readonly string[] | undefined>, options?: CallOptions): Promise<T>;
    /** Kills a token of this client (RFC 7009); the answer says nothing. */
    revoke(token: string, options?: CallOptions): Promise<void>;
    /** The `Authorization` header of a confidential client. */
    clientAuthorization(): string | undefined;
    /** The session of a refresh token that is not the held one: it is held from now on. */
    renew(refreshToken: string, held: Session | undefined, signal: AbortSignal | undefined): Promise<Session>;
    /** The session that a refresh token gives, from the endpoint that its kind belongs to. */
    exchange(refreshToken: string, clientId: string | undefined): Promise<Session>;
}
//# sourceMappingURL=client.d.ts.map