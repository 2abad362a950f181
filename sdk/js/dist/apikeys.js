import { optional } from './abort.js';
import { unexpected } from './errors.js';
/** One's own API keys, and the check of keys that others send. */
export class ApiKeys {
    #connection;
    constructor(connection) {
        this.#connection = connection;
    }
    /** Mints a key. `key` is shown in this answer and never again. */
    create(input, options) {
        return this.#connection.call({ method: 'POST', path: '/apikey', json: input }, options);
    }
    list(query, options) {
        const [asked, rest] = optional(query, options);
        return this.#connection.call({ method: 'GET', path: '/apikey', query: { ...asked } }, rest);
    }
    get(id, options) {
        return this.#connection.call({ method: 'GET', path: path(id) }, options);
    }
    update(id, input, options) {
        return this.#connection.call({ method: 'PATCH', path: path(id), json: input }, options);
    }
    /** Gives a key a new secret; the old one dies after `graceSeconds` (0). */
    rotate(id, input, options) {
        const [asked, rest] = optional(input, options);
        const call = { method: 'POST', path: `${path(id)}/rotate`, json: asked ?? {} };
        return this.#connection.call(call, rest);
    }
    /** Kills a key at once. */
    revoke(id, options) {
        return this.#connection.call({ method: 'DELETE', path: path(id) }, options);
    }
    /**
     * Checks a key that came to your API, and spends its limits. As the client of `clientId` and `clientSecret`, which
     * is registered with `resourceServer`, else with the session or API key (scope `admin:apikeys:read`).
     */
    async verify(input, options) {
        const json = typeof input === 'string' ? { key: input } : input;
        const call = { method: 'POST', path: '/apikey/verify', json };
        const authorization = this.#connection.clientAuthorization();
        const answer = authorization
            ? await this.#connection.open({ ...call, authorization }, options)
            : await this.#connection.call(call, options);
        if (typeof answer.valid !== 'boolean' || typeof answer.code !== 'string')
            throw unexpected('verdict');
        return answer;
    }
}
function path(id) {
    return `/apikey/${encodeURIComponent(id)}`;
}
//# sourceMappingURL=apikeys.js.map