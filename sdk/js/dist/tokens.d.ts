import { type CallOptions } from './abort.js';
import type { TokenInfo } from './api.js';
import type { Connection } from './client.js';
/** What a client's own token is to be good for. */
export interface ClientCredentialsInput {
    /** Space-separated, or a list; all that the client is registered for where left out. */
    scope?: string | readonly string[];
    /** The API that the token is for (RFC 8707). */
    resource?: string | readonly string[];
}
/** A client's own token. */
export interface ClientToken {
    accessToken: string;
    tokenType: string;
    /** Seconds that are left. */
    expiresIn: number;
    scope: string;
}
/** Tokens of a client itself, and questions about tokens. */
export declare class Tokens {
    #private;
    constructor(connection: Connection);
    /** A token of the client itself. Asked once and kept until shortly before its end; all that wait share one call. */
    clientCredentials(input?: ClientCredentialsInput | CallOptions, options?: CallOptions): Promise<ClientToken>;
    /** What the server says of a token or API key now (RFC 7662), to the client or to the session or API key. */
    introspect(token: string, options?: CallOptions): Promise<TokenInfo>;
    /** Kills a token of this client (RFC 7009). One that is unknown or dead already is no error. */
    revoke(token: string, options?: CallOptions): Promise<void>;
}
//# sourceMappingURL=tokens.d.ts.map