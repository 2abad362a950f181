import { orAbort, throwIfAborted } from './abort.js';
import { base64url, claimsOf, webCrypto } from './encoding.js';
import { DoorwardError, unexpected } from './errors.js';
import { sessionOf } from './oauth.js';
import { MemoryStorage } from './storage.js';
/** Sign-ins begun and not finished that are kept, the newest: one for each tab and try. */
const MOST = 5;
/** Signing in on the server's own pages: an authorization code with PKCE (RFC 7636). */
export class SignIn {
    #connection;
    #storage;
    #key;
    #finishing = new Map();
    constructor(connection, storage) {
        this.#connection = connection;
        // The page is left and loaded again in between. `sessionStorage` is the tab's own, which nobody else can answer to.
        this.#storage = tabStorage() ?? storage ?? new MemoryStorage();
        this.#key = `${connection.keeper.key}:sign-in`;
    }
    /** Navigates to the sign-in page. The answer is its URL, which is all where there is no page to leave. */
    async start(input, { signal } = {}) {
        throwIfAborted(signal);
        const clientId = this.#clientId();
        const crypto = await webCrypto();
        const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
        const begun = { state: random(), nonce: random(), verifier: random(), redirectUri: input.redirectUri };
        const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(begun.verifier));
        const url = new URL(`${this.#connection.transport.baseUrl}/oauth/authorize`);
        const parameters = {
            response_type: 'code',
            client_id: clientId,
            redirect_uri: input.redirectUri,
            state: begun.state,
            code_challenge: base64url(new Uint8Array(digest)),
            code_challenge_method: 'S256',
            // Always: without a scope the server gives what the client is registered for, which may be `openid`.
            nonce: begun.nonce,
            ...(input.scope === undefined ? {} : { scope: input.scope }),
        };
        for (const [name, value] of Object.entries(parameters))
            url.searchParams.set(name, value);
        for (const one of [input.resource ?? []].flat())
            url.searchParams.append('resource', one);
        const before = await this.#begun();
        throwIfAborted(signal);
        await this.#keep([...before, begun].slice(-MOST));
        if (signal?.aborted)
            await this.#keep(before);
        throwIfAborted(signal);
        const page = globalThis.location;
        page?.assign(url.href);
        return url.href;
    }
    /**
     * Ends a sign-in with the URL that the browser was sent back to, and holds the session. A `state` that `start` did
     * not make is refused (`invalid_state`) before any request; a refusal of the server has its own code, such as
     * `access_denied`. Without a URL it is the page's, whose address is then freed of the answer.
     */
    async finish(url, options) {
        const given = typeof url === 'string' || url instanceof URL ? String(url) : undefined;
        const { signal } = options ?? (given === undefined ? (url ?? {}) : {});
        throwIfAborted(signal);
        const answer = new URL(given ?? globalThis.location.href);
        const state = answer.searchParams.get('state') ?? '';
        // Frameworks that run an effect twice ask twice: the code works once.
        let finishing = this.#finishing.get(state);
        if (!finishing) {
            finishing = this.#finish(answer, state, given === undefined).finally(() => this.#finishing.delete(state));
            this.#finishing.set(state, finishing);
        }
        return orAbort(finishing, signal);
    }
    async #finish(answer, state, own) {
        const clientId = this.#clientId();
        const all = await this.#begun();
        const begun = all.find((one) => one.state === state);
        if (!begun)
            throw refused('invalid_state', 'this sign-in was not started here; start it again');
        await this.#keep(all.filter((one) => one !== begun));
        if (own)
            cleanAddress(answer);
        const parameter = (name) => answer.searchParams.get(name);
        const iss = parameter('iss');
        if (iss !== null && iss !== (await this.#connection.issuer.name())) {
            throw refused('invalid_issuer', 'another server answered this sign-in');
        }
        const error = parameter('error');
        if (error !== null)
            throw refused(error, parameter('error_description') ?? error);
        const code = parameter('code');
        if (code === null)
            throw refused('invalid_response', 'the answer holds no code');
        const fields = {
            grant_type: 'authorization_code',
            code,
            redirect_uri: begun.redirectUri,
            code_verifier: begun.verifier,
        };
        const session = sessionOf(await this.#connection.form('/oauth/token', fields), clientId);
        if (session.idToken !== undefined && claimsOf(session.idToken)['nonce'] !== begun.nonce)
            throw unexpected('nonce');
        await this.#connection.keeper.set(session);
        return session;
    }
    #clientId() {
        const { clientId } = this.#connection;
        if (clientId === undefined)
            throw new TypeError('clientId is needed');
        return clientId;
    }
    async #begun() {
        try {
            const all = JSON.parse((await this.#storage.getItem(this.#key)) ?? '[]');
            return Array.isArray(all) ? all : [];
        }
        catch {
            return [];
        }
    }
    async #keep(all) {
        if (all.length === 0)
            await this.#storage.removeItem(this.#key);
        else
            await this.#storage.setItem(this.#key, JSON.stringify(all));
    }
}
function refused(code, message) {
    return new DoorwardError(0, code, message);
}
function tabStorage() {
    try {
        return typeof document === 'undefined' ? undefined : globalThis.sessionStorage;
    }
    catch {
        return undefined;
    }
}
/** A reload must not answer twice, and a code has no place in the history. */
function cleanAddress(answer) {
    const clean = new URL(answer);
    for (const name of ['code', 'state', 'iss', 'error', 'error_description'])
        clean.searchParams.delete(name);
    globalThis.history?.replaceState(globalThis.history.state, '', clean);
}
//# sourceMappingURL=signin.js.map