import { optional, orAbort, throwIfAborted } from './abort.js';
import { unexpected } from './errors.js';
/** A cached token is not given out any more so many milliseconds before its end, or in the last tenth of its life. */
const MARGIN_MS = 30_000;
/** Kinds of tokens kept at once. */
const MOST = 100;
/** Tokens of a client itself, and questions about tokens. */
export class Tokens {
    #connection;
    #kept = new Map();
    #asked = new Map();
    constructor(connection) {
        this.#connection = connection;
    }
    /** A token of the client itself. Asked once and kept until shortly before its end; all that wait share one call. */
    async clientCredentials(input, options) {
        const [asked = {}, { signal }] = optional(input, options);
        throwIfAborted(signal);
        if (!this.#connection.hasClientSecret)
            throw new TypeError('clientId and clientSecret are needed');
        const scope = typeof asked.scope === 'object' ? asked.scope.join(' ') : asked.scope;
        const fields = { grant_type: 'client_credentials', scope, resource: asked.resource };
        const key = JSON.stringify([scope, asked.resource]);
        let kept = this.#kept.get(key);
        if (!kept || Date.now() >= kept.goodUntil)
            kept = await orAbort(this.#ask(key, fields), signal);
        return { ...kept.token, expiresIn: Math.max(0, Math.ceil((kept.endsAt - Date.now()) / 1000)) };
    }
    #ask(key, fields) {
        let asking = this.#asked.get(key);
        if (!asking) {
            asking = this.#fetch(key, fields).finally(() => this.#asked.delete(key));
            this.#asked.set(key, asking);
        }
        return asking;
    }
    async #fetch(key, fields) {
        const began = Date.now();
        const answer = await this.#connection.form('/oauth/token', fields);
        if (typeof answer.access_token !== 'string')
            throw unexpected('access_token');
        const { access_token: accessToken, token_type: tokenType, expires_in: expiresIn, scope } = answer;
        const life = (Number(expiresIn) || 0) * 1000;
        const kept = {
            token: { accessToken, tokenType, expiresIn, scope },
            endsAt: began + life,
            goodUntil: began + life - Math.min(MARGIN_MS, life / 10),
        };
        const [first] = this.#kept.keys();
        if (this.#kept.size >= MOST && first !== undefined)
            this.#kept.delete(first);
        this.#kept.set(key, kept);
        return kept;
    }
    /** What the server says of a token or API key now (RFC 7662), to the client or to the session or API key. */
    introspect(token, options) {
        if (this.#connection.hasClientSecret)
            return this.#connection.form('/oauth/introspect', { token }, options);
        const form = new URLSearchParams({ token });
        return this.#connection.call({ method: 'POST', path: '/oauth/introspect', form }, options);
    }
    /** Kills a token of this client (RFC 7009). One that is unknown or dead already is no error. */
    revoke(token, options) {
        return this.#connection.revoke(token, options);
    }
}
//# sourceMappingURL=tokens.js.map