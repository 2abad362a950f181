/** Base64url without padding (RFC 7515 section 2). */
export function base64url(bytes) {
    let text = '';
    for (const byte of bytes)
        text += String.fromCharCode(byte);
    return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
/** The bytes of base64url; `undefined` where it is none. */
export function fromBase64url(text) {
    if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1)
        return undefined;
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    // One spelling for each value: the bits that are left over are zero.
    return base64url(bytes) === text ? bytes : undefined;
}
/** The JSON object that is written in base64url; `undefined` where it is none. */
export function jsonPart(text) {
    const bytes = text === undefined ? undefined : fromBase64url(text);
    if (!bytes)
        return undefined;
    try {
        const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
        return typeof value === 'object' && value !== null && !Array.isArray(value)
            ? value
            : undefined;
    }
    catch {
        return undefined;
    }
}
/** The claims of a JWT, unverified: only for tokens that came from the token endpoint itself. */
export function claimsOf(token) {
    return jsonPart(token?.split('.')[1]) ?? {};
}
let loaded;
/** Web Crypto: global but in Node 18. */
export function webCrypto() {
    loaded ??= load();
    return loaded;
}
async function load() {
    let found = globalThis.crypto;
    if (!found) {
        // Hidden from bundlers, which would look for it when they build for browsers.
        const name = 'node:crypto';
        found = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)).webcrypto;
    }
    if (!found.subtle)
        throw new TypeError('Web Crypto needs https or localhost');
    return found;
}
//# sourceMappingURL=encoding.js.map