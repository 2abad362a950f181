import type { Issuer } from './issuer.js';
type Algorithm = 'RS256' | 'ES256' | 'EdDSA';
/** A key ready for use, with the one algorithm that it is for. */
export interface VerifyKey {
    algorithm: Algorithm;
    key: CryptoKey;
}
/** The server's public keys, kept, and asked for again when a token names one that is not there yet. */
export declare class KeySet {
    #private;
    constructor(issuer: Issuer);
    /** The key with this id; `undefined` where the server has none. */
    find(kid: string): Promise<VerifyKey | undefined>;
}
/** Whether a signature over `data` is right. */
export declare function verified({ algorithm, key }: VerifyKey, signature: Uint8Array<ArrayBuffer>, data: Uint8Array<ArrayBuffer>): Promise<boolean>;
export {};
//# sourceMappingURL=jwks.d.ts.map