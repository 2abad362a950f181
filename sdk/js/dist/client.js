import { orAbort, throwIfAborted } from './abort.js';
import { ApiKeys } from './apikeys.js';
import { Auth } from './auth.js';
import { isCode, unexpected } from './errors.js';
import { SessionKeeper } from './keeper.js';
import { basic, sessionOf, trimmed } from './oauth.js';
import { Refresher } from './refresher.js';
import { isTokenResponse } from './session.js';
import { SignIn } from './signin.js';
import { Tokens } from './tokens.js';
import { Transport } from './transport.js';
import { Verifier } from './verifier.js';
import { Issuer } from './issuer.js';
/** A Doorward server, seen by one application. */
export class Doorward {
    auth;
    apiKeys;
    tokens;
    signIn;
    #connection;
    constructor(options) {
        this.#connection = new Connection(options);
        this.auth = new Auth(this.#connection);
        this.apiKeys = new ApiKeys(this.#connection);
        this.tokens = new Tokens(this.#connection);
        this.signIn = new SignIn(this.#connection, options.storage);
    }
    /** Verifies access tokens for an API, with the server's public keys and no call per token. */
    verifier(options) {
        return new Verifier(this.#connection.issuer, options);
    }
    /**
     * Calls `listener` with the session after login, register and refresh, and with `null` when it is over.
     * The answer ends that.
     */
    onSessionChange(listener) {
        return this.#connection.keeper.listen(listener);
    }
}
const REVOKE = '/oauth/revoke';
const nobody = { accessToken: '', tokenType: 'Bearer', expiresIn: 0, scope: '', userId: '', issuedAt: '' };
/** What the parts of a client share: the server, the credentials, the session. */
export class Connection {
    transport;
    keeper;
    refresher;
    issuer;
    clientId;
    #apiKey;
    #clientSecret;
    constructor(options) {
        const { baseUrl, clientId, timeoutMs = 30_000, retries = 2, refreshGraceSeconds = 2 } = options;
        const url = trimmed(baseUrl);
        if (!(timeoutMs >= 0))
            throw new TypeError('timeoutMs must be 0 or more');
        if (!Number.isInteger(retries) || retries < 0)
            throw new TypeError('retries must be a whole number from 0');
        if (!(refreshGraceSeconds >= 0))
            throw new TypeError('refreshGraceSeconds must be 0 or more');
        const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
        this.transport = new Transport(url, { fetch, timeoutMs, retries });
        this.clientId = clientId;
        this.#clientSecret = options.clientSecret;
        this.#apiKey = options.apiKey;
        this.keeper = new SessionKeeper(`doorward:${url}${clientId ? `:${clientId}` : ''}`, options.storage);
        const exchange = (session) => this.exchange(session.refreshToken ?? '', session.clientId);
        this.refresher = new Refresher(this.keeper, exchange, refreshGraceSeconds);
        this.issuer = new Issuer(this.transport);
    }
    get hasApiKey() {
        return this.#apiKey !== undefined;
    }
    get hasClientSecret() {
        return this.clientId !== undefined && this.#clientSecret !== undefined;
    }
    /** A call with the held session, else with the API key. A session that has expired is refreshed, once. */
    async call(call, { signal } = {}) {
        throwIfAborted(signal);
        let session = (await this.keeper.read())?.session;
        for (let refreshed = false;; refreshed = true) {
            const token = session?.accessToken ?? this.#apiKey;
            try {
                return await this.transport.send({ ...call, authorization: token && `Bearer ${token}` }, signal);
            }
            catch (error) {
                if (!session)
                    throw error;
                const refreshable = isCode(error, 'token_expired') && session.refreshToken !== undefined;
                if (!refreshable) {
                    if (isCode(error, 'token_expired', 'token_revoked'))
                        await this.keeper.end(session);
                    throw error;
                }
                if (refreshed)
                    throw error;
                session = await this.refresher.refresh(session, signal);
            }
        }
    }
    /** A call without a credential. */
    open(call, { signal } = {}) {
        return this.transport.send(call, signal);
    }
    /** A form of an OAuth endpoint, by this client. */
    form(path, fields, options) {
        const form = new URLSearchParams();
        for (const [name, value] of Object.entries(fields)) {
            for (const one of typeof value === 'string' ? [value] : (value ?? []))
                form.append(name, one);
        }
        const authorization = this.clientAuthorization();
        if (authorization === undefined && this.clientId !== undefined)
            form.set('client_id', this.clientId);
        return this.open({ method: 'POST', path, form, authorization, bodyless: path === REVOKE }, options);
    }
    /** Kills a token of this client (RFC 7009); the answer says nothing. */
    revoke(token, options) {
        return this.form(REVOKE, { token }, options);
    }
    /** The `Authorization` header of a confidential client. */
    clientAuthorization() {
        if (this.clientId === undefined || this.#clientSecret === undefined)
            return undefined;
        return basic(this.clientId, this.#clientSecret);
    }
    /** The session of a refresh token that is not the held one: it is held from now on. */
    renew(refreshToken, held, signal) {
        const session = { ...(held ?? nobody), refreshToken };
        return orAbort(this.refresher.renew(session), signal);
    }
    /** The session that a refresh token gives, from the endpoint that its kind belongs to. */
    async exchange(refreshToken, clientId) {
        if (clientId !== undefined) {
            const fields = { grant_type: 'refresh_token', refresh_token: refreshToken };
            return sessionOf(await this.form('/oauth/token', fields), clientId, refreshToken);
        }
        const answer = await this.open({ method: 'POST', path: '/auth/refresh', json: { refreshToken } });
        if (!isTokenResponse(answer))
            throw unexpected('tokens');
        return answer;
    }
}
//# sourceMappingURL=client.js.map