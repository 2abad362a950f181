import type { OAuthToken } from './api.js';
import type { Session } from './session.js';
/** `client_secret_basic`: both halves are form-encoded first (RFC 6749 section 2.3.1). */
export declare function basic(clientId: string, clientSecret: string): string;
/** The server's address without slashes at its end. */
export declare function trimmed(baseUrl: string): string;
/** The session that an answer of the token endpoint opens. A client may keep its refresh token (RFC 6749 section 6). */
export declare function sessionOf(answer: OAuthToken, clientId: string, refreshToken?: string): Session;
//# sourceMappingURL=oauth.d.ts.map