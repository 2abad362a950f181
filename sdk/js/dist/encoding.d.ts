/** Base64url without padding (RFC 7515 section 2). */
export declare function base64url(bytes: Uint8Array): string;
/** The bytes of base64url; `undefined` where it is none. */
export declare function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined;
/** The JSON object that is written in base64url; `undefined` where it is none. */
export declare function jsonPart(text: string | undefined): Record<string, unknown> | undefined;
/** The claims of a JWT, unverified: only for tokens that came from the token endpoint itself. */
export declare function claimsOf(token: string | undefined): Record<string, unknown>;
/** Web Crypto: global but in Node 18. */
export declare function webCrypto(): Promise<Crypto>;
//# sourceMappingURL=encoding.d.ts.map