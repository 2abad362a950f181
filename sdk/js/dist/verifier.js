import { orAbort } from './abort.js';
import { fromBase64url, jsonPart } from './encoding.js';
import { DoorwardError } from './errors.js';
import { KeySet, verified } from './jwks.js';
/** Longest token that is looked at, in characters. */
const LONGEST = 16_384;
/**
 * Verifies access tokens without asking the server about each. A token that was revoked is good here until it expires:
 * where that is too long, ask `tokens.introspect`.
 */
export class Verifier {
    #issuer;
    #keys;
    #audience;
    constructor(issuer, { audience }) {
        if (typeof audience !== 'string' || audience === '')
            throw new TypeError('a verifier needs an audience');
        this.#issuer = issuer;
        this.#keys = new KeySet(issuer);
        this.#audience = audience;
    }
    /**
     * The claims of a good token. Throws a {@link DoorwardError} with status 401 and code `token_expired` or
     * `invalid_token`; another status where the server's keys cannot be had.
     */
    verify(token, { signal } = {}) {
        return orAbort(this.#verify(token), signal);
    }
    async #verify(token) {
        const parts = typeof token === 'string' && token.length <= LONGEST ? token.split('.') : [];
        const header = jsonPart(parts[0]);
        const claims = jsonPart(parts[1]);
        const signature = parts[2] ? fromBase64url(parts[2]) : undefined;
        if (parts.length !== 3 || !header || !claims || !signature)
            throw invalid('not a token');
        const { typ, kid, alg } = header;
        if (typeof typ !== 'string' || !/^(application\/)?at\+jwt$/i.test(typ))
            throw invalid('not an access token');
        if (typeof kid !== 'string' || 'crit' in header || 'b64' in header)
            throw invalid('its header is not one of ours');
        const key = await this.#keys.find(kid);
        if (!key)
            throw invalid('its key is unknown');
        if (alg !== key.algorithm && !(alg === 'Ed25519' && key.algorithm === 'EdDSA'))
            throw invalid('its algorithm is not its key’s');
        const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
        if (!(await verified(key, signature, signed)))
            throw invalid('its signature is wrong');
        return this.#judged(claims);
    }
    async #judged(claims) {
        const { iss, sub, aud, exp, iat, nbf, scope } = claims;
        const now = Date.now() / 1000;
        if (iss !== (await this.#issuer.name()))
            throw invalid('another issuer made it');
        const audiences = Array.isArray(aud) ? aud : [aud];
        if (!audiences.includes(this.#audience))
            throw invalid('it is for another audience');
        if (typeof sub !== 'string' || sub === '')
            throw invalid('it has no sub');
        if (!Number.isFinite(exp) || !Number.isFinite(iat))
            throw invalid('it has no exp or iat');
        if (scope !== undefined && typeof scope !== 'string')
            throw invalid('its scope is no text');
        if (nbf !== undefined && !(nbf <= now))
            throw invalid('it is not good yet');
        // No leeway: a token ends exactly at exp.
        if (now >= exp)
            throw new DoorwardError(401, 'token_expired', 'the token has expired');
        return claims;
    }
}
function invalid(why) {
    return new DoorwardError(401, 'invalid_token', `the token is not good here: ${why}`);
}
//# sourceMappingURL=verifier.js.map