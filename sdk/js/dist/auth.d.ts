import { type CallOptions } from './abort.js';
import type { LoginRequest, Page_OwnSession, PasswordRequest, Profile, ProfilePatch, RegisterRequest, RegisterResponse, TokenResponse } from './api.js';
import type { Connection } from './client.js';
import { type Session } from './session.js';
/** Which rows of a list, and in which order. */
export interface ListQuery {
    /** 1 to 100; 20 where left out. */
    limit?: number;
    offset?: number;
    /** `pagination.nextCursor` of the page before. */
    cursor?: string;
    /** `field`, `field:asc` or `field:desc`. */
    sort?: string;
    q?: string;
}
/** What registering needs; names may be left out. */
export type RegisterInput = Pick<RegisterRequest, 'email' | 'password'> & {
    firstName?: string;
    lastName?: string;
};
/** What changes a password; `apiKeys: true` ends the account's API keys too. */
export type PasswordInput = Pick<PasswordRequest, 'currentPassword' | 'newPassword'> & {
    apiKeys?: boolean;
};
/** Signing up, in and out, and one's own account. */
export declare class Auth {
    #private;
    readonly sessions: OwnSessions;
    constructor(connection: Connection);
    /** Signs in and holds the session, which wins over an API key. */
    login(input: LoginRequest, options?: CallOptions): Promise<TokenResponse>;
    /** Signs up, and in: but where the server wants the address verified first, which then answers `user` alone. */
    register(input: RegisterInput, options?: CallOptions): Promise<RegisterResponse>;
    /**
     * A new session from the held refresh token, or from the one given, which is then the held session.
     * Calls refresh by themselves: this is for tokens kept elsewhere, and for new rights after a change of roles.
     */
    refresh(refreshToken?: string | CallOptions, options?: CallOptions): Promise<Session>;
    /** The profile behind the session or API key. */
    me(options?: CallOptions): Promise<Profile>;
    /** Ends the session, at the server and here. One that is over already is no error. */
    logout(options?: CallOptions): Promise<void>;
    /** Changes one's own name; `null` clears one. */
    updateProfile(input: ProfilePatch, options?: CallOptions): Promise<Profile>;
    /** Sets a new password; every other session ends. */
    changePassword(input: PasswordInput, options?: CallOptions): Promise<void>;
    /** The held session as it is, `null` where none is. */
    session({ signal }?: CallOptions): Promise<Session | null>;
    /** An access token for a call of one's own API, refreshed where it is about to end; `null` where no session is held. */
    accessToken({ signal }?: CallOptions): Promise<string | null>;
}
/** One's own live sessions. */
export declare class OwnSessions {
    #private;
    constructor(connection: Connection);
    list(query?: ListQuery | CallOptions, options?: CallOptions): Promise<Page_OwnSession>;
    revoke(id: string, options?: CallOptions): Promise<void>;
}
//# sourceMappingURL=auth.d.ts.map