import { unexpected } from './errors.js';
/** What the server says of itself: its issuer name and its keys. */
export class Issuer {
    #transport;
    #name;
    constructor(transport) {
        this.#transport = transport;
    }
    /**
     * The `iss` of its tokens, asked until it is told (RFC 8414). It is another than `baseUrl` where the server is reached
     * under an inner address, so nothing is guessed where a proxy says that there is no metadata.
     */
    name() {
        this.#name ??= this.#ask().catch((error) => {
            this.#name = undefined;
            throw error;
        });
        return this.#name;
    }
    async #ask() {
        const path = '/.well-known/oauth-authorization-server';
        const { issuer } = await this.#transport.send({ method: 'GET', path }, undefined);
        if (typeof issuer !== 'string')
            throw unexpected('issuer');
        return issuer;
    }
    /** The keys that sign now, and those whose last token has not expired. */
    async keys() {
        const call = { method: 'GET', path: '/.well-known/jwks.json', cache: 'reload' };
        const { keys } = await this.#transport.send(call, undefined);
        if (!Array.isArray(keys))
            throw unexpected('keys');
        return keys.filter((key) => typeof key === 'object' && key !== null);
    }
}
//# sourceMappingURL=issuer.js.map