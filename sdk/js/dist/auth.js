import { optional, orAbort, throwIfAborted } from './abort.js';
import { DoorwardError, isCode, unexpected } from './errors.js';
import { isTokenResponse } from './session.js';
/** Signing up, in and out, and one's own account. */
export class Auth {
    sessions;
    #connection;
    constructor(connection) {
        this.#connection = connection;
        this.sessions = new OwnSessions(connection);
    }
    /** Signs in and holds the session, which wins over an API key. */
    async login(input, options) {
        const answer = await this.#connection.open(post('/auth/login', input), options);
        if (!isTokenResponse(answer))
            throw unexpected('tokens');
        await this.#connection.keeper.set(answer);
        return answer;
    }
    /** Signs up, and in: but where the server wants the address verified first, which then answers `user` alone. */
    async register(input, options) {
        const answer = await this.#connection.open(post('/auth/register', input), options);
        if (isTokenResponse(answer)) {
            const { user: _, ...session } = answer;
            await this.#connection.keeper.set(session);
        }
        else if (!answer.user) {
            throw unexpected('user');
        }
        return answer;
    }
    /**
     * A new session from the held refresh token, or from the one given, which is then the held session.
     * Calls refresh by themselves: this is for tokens kept elsewhere, and for new rights after a change of roles.
     */
    async refresh(refreshToken, options) {
        const [given, { signal }] = typeof refreshToken === 'object' ? [undefined, refreshToken] : [refreshToken, options ?? {}];
        throwIfAborted(signal);
        const { keeper, refresher } = this.#connection;
        const held = (await keeper.read())?.session;
        if (given !== undefined && given !== held?.refreshToken)
            return this.#connection.renew(given, held, signal);
        if (!held)
            throw new DoorwardError(401, 'missing_token', 'no session is held');
        if (held.refreshToken === undefined)
            throw new DoorwardError(401, 'missing_token', 'the session has no refresh token');
        return refresher.refresh(held, signal);
    }
    /** The profile behind the session or API key. */
    me(options) {
        return this.#connection.call({ method: 'GET', path: '/auth/me' }, options);
    }
    /** Ends the session, at the server and here. One that is over already is no error. */
    async logout(options) {
        const { keeper, refresher } = this.#connection;
        throwIfAborted(options?.signal);
        await orAbort(refresher.settled(), options?.signal);
        const session = (await keeper.read())?.session;
        if (!session && !this.#connection.hasApiKey)
            return;
        try {
            if (session?.clientId !== undefined) {
                const token = session.refreshToken ?? session.accessToken;
                await this.#connection.revoke(token, options);
            }
            else {
                await this.#connection.call(post('/auth/logout'), options);
            }
        }
        catch (error) {
            if (!session || !isCode(error, 'token_revoked', 'token_expired', 'invalid_token'))
                throw error;
        }
        const now = (await keeper.read())?.session;
        if (now && session)
            await keeper.end(now);
    }
    /** Changes one's own name; `null` clears one. */
    updateProfile(input, options) {
        return this.#connection.call({ method: 'PATCH', path: '/auth/me', json: input }, options);
    }
    /** Sets a new password; every other session ends. */
    changePassword(input, options) {
        return this.#connection.call(post('/auth/password', input), options);
    }
    /** The held session as it is, `null` where none is. */
    async session({ signal } = {}) {
        throwIfAborted(signal);
        return (await this.#connection.keeper.read())?.session ?? null;
    }
    /** An access token for a call of one's own API, refreshed where it is about to end; `null` where no session is held. */
    async accessToken({ signal } = {}) {
        throwIfAborted(signal);
        const held = await this.#connection.keeper.read();
        if (!held)
            return null;
        const { session, receivedAt } = held;
        const ends = receivedAt + session.expiresIn * 1000;
        const margin = Math.min(30_000, session.expiresIn * 100);
        if (Date.now() < ends - margin || session.refreshToken === undefined)
            return session.accessToken;
        return (await this.#connection.refresher.refresh(session, signal)).accessToken;
    }
}
/** One's own live sessions. */
export class OwnSessions {
    #connection;
    constructor(connection) {
        this.#connection = connection;
    }
    list(query, options) {
        const [asked, rest] = optional(query, options);
        return this.#connection.call({ method: 'GET', path: '/auth/sessions', query: { ...asked } }, rest);
    }
    revoke(id, options) {
        return this.#connection.call({ method: 'DELETE', path: `/auth/sessions/${encodeURIComponent(id)}` }, options);
    }
}
function post(path, json) {
    return json === undefined ? { method: 'POST', path } : { method: 'POST', path, json };
}
//# sourceMappingURL=auth.js.map