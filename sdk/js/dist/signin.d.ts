import { type CallOptions } from './abort.js';
import type { Connection } from './client.js';
import type { Session } from './session.js';
import { type Storage } from './storage.js';
/** What a browser sign-in asks for. */
export interface SignInInput {
    /** Where the server sends the browser back to: registered with the client, exactly. */
    redirectUri: string;
    /** Space-separated; what the client is registered for where left out. */
    scope?: string;
    /** The API that the tokens are for (RFC 8707). */
    resource?: string | readonly string[];
}
/** Signing in on the server's own pages: an authorization code with PKCE (RFC 7636). */
export declare class SignIn {
    #private;
    constructor(connection: Connection, storage: Storage | undefined);
    /** Navigates to the sign-in page. The answer is its URL, which is all where there is no page to leave. */
    start(input: SignInInput, { signal }?: CallOptions): Promise<string>;
    /**
     * Ends a sign-in with the URL that the browser was sent back to, and holds the session. A `state` that `start` did
     * not make is refused (`invalid_state`) before any request; a refusal of the server has its own code, such as
     * `access_denied`. Without a URL it is the page's, whose address is then freed of the answer.
     */
    finish(url?: string | URL | CallOptions, options?: CallOptions): Promise<Session>;
}
//# sourceMappingURL=signin.d.ts.map