import { DoorwardError, unexpected } from './errors.js';
/** What the server says of itself: its issuer name and its keys. */
export class Issuer {
    #transport;
    #name;
    constructor(transport) {
        this.#transport = transport;
    }
    /**
     * The `iss` of its tokens, asked once (RFC 8414). It is another than `baseUrl` where the server is reached under an
     * inner address. A server without metadata is its own name.
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
        try {
            const { issuer } = await this.#transport.send({ method: 'GET', path }, undefined);
            if (typeof issuer !== 'string')
                throw unexpected('issuer');
            return issuer;
        }
        catch (error) {
            if (error instanceof DoorwardError && error.status === 404)
                return this.#transport.baseUrl;
            throw error;
        }
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