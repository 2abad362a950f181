import { DoorwardError, isCode } from './errors.js';
import { covers } from './scope.js';
/** The one rule of all frameworks: the caller, or the answer that refuses. */
export async function admit(wanted, { verifier, apiKeys }, { authorization, ip }) {
    const token = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization ?? '')?.[1];
    if (token === undefined)
        return { refusal: refusal(401, 'missing_token', 'missing bearer token', 'Bearer') };
    if (apiKeys && isApiKey(token)) {
        try {
            return byKey(await apiKeys.verify(asked(token, wanted, ip)), wanted);
        }
        catch (error) {
            // Whatever is wrong is wrong with the question: its 401 is about the credential that asks, and not about the key.
            return { refusal: unasked(error) };
        }
    }
    try {
        const claims = await verifier.verify(token);
        const scope = claims.scope ?? '';
        const missing = wanted.find((one) => !covers(scope, one));
        return missing === undefined
            ? { caller: { sub: claims.sub, scope, claims } }
            : { refusal: narrow(missing, `the scope ${missing} is needed`) };
    }
    catch (error) {
        if (isCode(error, 'invalid_token', 'token_expired', 'token_revoked'))
            return { refusal: dead(error.code, error.message) };
        return { refusal: unasked(error) };
    }
}
/** The scopes that `requireScope` was given. */
export function list(scope) {
    const scopes = typeof scope === 'string' ? scope.split(' ').filter(Boolean) : scope;
    if (scopes.length === 0)
        throw new TypeError('requireScope needs a scope');
    return scopes;
}
function isApiKey(token) {
    return /^[a-z0-9]+_(live|test)_[0-9A-Za-z]{38}$/i.test(token);
}
function asked(key, scopes, ip) {
    return ip === undefined ? { key, scopes: [...scopes] } : { key, scopes: [...scopes], ip };
}
/** The answers that Doorward itself gives where such a key comes as a Bearer token. */
function byKey(key, wanted) {
    if (key.valid)
        return { caller: { sub: key.ownerId ?? '', scope: (key.scopes ?? []).join(' '), apiKey: key } };
    switch (key.code) {
        case 'rate_limited':
        case 'quota_exceeded':
            return { refusal: later(key) };
        case 'insufficient_scope':
            return { refusal: narrow(wanted.join(' '), `the scope ${wanted.join(' ')} is needed`) };
        case 'ip_not_allowed':
            return { refusal: narrow(undefined, 'the key may not be used from this address') };
        case 'expired':
            return { refusal: dead('token_expired', 'the API key has expired') };
        case 'revoked':
        case 'disabled':
            return { refusal: dead('token_revoked', 'the API key has been revoked') };
        default:
            return { refusal: dead('invalid_token', 'the API key is not known') };
    }
}
function dead(code, message) {
    return refusal(401, code, message, `Bearer error="invalid_token", error_description="${quotable(message)}"`);
}
function narrow(scope, message) {
    const named = scope === undefined ? '' : `, scope="${quotable(scope)}"`;
    const challenge = `Bearer error="insufficient_scope", error_description="${quotable(message)}"${named}`;
    return refusal(403, 'insufficient_scope', message, challenge);
}
function later({ code, rateLimit, quota }) {
    const untilQuota = quota ? Math.ceil((Date.parse(quota.resetsAt) - Date.now()) / 1000) : 1;
    const seconds = code === 'rate_limited' ? (rateLimit?.resetSeconds ?? 1) : untilQuota;
    const message = code === 'rate_limited' ? 'the rate limit of this key is used up' : 'the quota of this key is used up';
    return retry(429, 'rate_limited', message, seconds);
}
/** The server cannot be asked: nobody is let in, and nobody is told that their token is bad. */
function unasked(error) {
    if (!(error instanceof DoorwardError))
        throw error;
    return retry(503, 'overloaded', 'tokens cannot be verified at the moment', error.retryAfter ?? 1);
}
function retry(status, code, message, seconds) {
    const headers = { 'retry-after': String(Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : 1) };
    return { status, headers: { ...headers, 'cache-control': 'no-store' }, body: { error: { code, message } } };
}
function refusal(status, code, message, challenge) {
    const headers = { 'www-authenticate': challenge, 'cache-control': 'no-store' };
    return { status, headers, body: { error: { code, message } } };
}
/** RFC 6750 section 3: printable ASCII without quotes and backslashes. */
function quotable(text) {
    return text.replace(/[^\x20-\x7e]|["\\]/g, "'");
}
//# sourceMappingURL=guard.js.map