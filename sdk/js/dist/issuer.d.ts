import type { Transport } from './transport.js';
/** A public key as the server publishes it (RFC 7517). */
export interface PublicKey extends JsonWebKey {
    kid?: string;
}
/** What the server says of itself: its issuer name and its keys. */
export declare class Issuer {
    #private;
    constructor(transport: Transport);
    /**
     * The `iss` of its tokens, asked until it is told (RFC 8414). It is another than `baseUrl` where the server is reached
     * under an inner address, so nothing is guessed where a proxy says that there is no metadata.
     */
    name(): Promise<string>;
    /** The keys that sign now, and those whose last token has not expired. */
    keys(): Promise<PublicKey[]>;
}
//# sourceMappingURL=issuer.d.ts.map