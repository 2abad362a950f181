import { orAbort, sleep, throwIfAborted } from './abort.js';
import { DoorwardError } from './errors.js';
/** Longest wait for a `Retry-After`, in seconds: past it the caller is told instead. */
const LONGEST_WAIT = 60;
/** Timers take at most this many milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Sends calls to one server, and turns answers into values or errors. */
export class Transport {
    baseUrl;
    #limits;
    constructor(baseUrl, limits) {
        this.baseUrl = baseUrl;
        this.#limits = limits;
    }
    /** The answer's JSON, `undefined` for 204. 429 and 503 are tried again when the server says. */
    async send(call, signal) {
        for (let attempt = 0;; attempt++) {
            throwIfAborted(signal);
            try {
                return (await this.#once(call, signal));
            }
            catch (error) {
                const wait = attempt < this.#limits.retries ? pause(error, attempt) : undefined;
                if (wait === undefined)
                    throw error;
                await sleep(wait * 1000, signal);
            }
        }
    }
    async #once(call, signal) {
        const own = new AbortController();
        const forward = () => own.abort(signal?.reason);
        signal?.addEventListener('abort', forward, { once: true });
        let late = false;
        const limit = this.#limits.timeoutMs;
        const expire = () => {
            late = true;
            own.abort();
        };
        const timer = limit > 0 && limit <= LONGEST_TIMER ? setTimeout(expire, limit) : undefined;
        try {
            const response = await orAbort(this.#limits.fetch(this.#url(call), this.#init(call, own.signal)), own.signal);
            const text = await orAbort(response.text(), own.signal);
            return read(response, text, call.bodyless === true);
        }
        catch (error) {
            throwIfAborted(signal);
            if (error instanceof DoorwardError)
                throw error;
            if (late)
                throw new DoorwardError(0, 'timeout', `no answer within ${limit} ms`);
            throw new DoorwardError(0, 'network_error', `no answer from ${this.baseUrl}: ${reason(error)}`, { cause: error });
        }
        finally {
            clearTimeout(timer);
            signal?.removeEventListener('abort', forward);
        }
    }
    #url(call) {
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries(call.query ?? {})) {
            if (value !== undefined)
                query.set(name, String(value));
        }
        const text = query.toString();
        return this.baseUrl + call.path + (text && `?${text}`);
    }
    #init(call, signal) {
        const headers = { accept: 'application/json', ...call.headers };
        if (call.authorization !== undefined)
            headers['authorization'] = call.authorization;
        // A redirect is never followed: passwords and tokens go to the server that was named and to no other.
        const init = { method: call.method, headers, signal, redirect: 'manual', credentials: 'omit' };
        if (call.cache)
            init.cache = call.cache;
        if (call.form) {
            headers['content-type'] = 'application/x-www-form-urlencoded';
            init.body = call.form.toString();
        }
        else if (call.json !== undefined) {
            headers['content-type'] = 'application/json';
            init.body = JSON.stringify(call.json);
        }
        return init;
    }
}
/** Seconds to wait before the next attempt; `undefined` where there is to be none. */
function pause(error, attempt) {
    if (!(error instanceof DoorwardError) || (error.status !== 429 && error.status !== 503))
        return undefined;
    const wait = error.retryAfter ?? 0.5 * 2 ** attempt;
    return wait <= LONGEST_WAIT ? wait : undefined;
}
function read(response, text, bodyless) {
    if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
        throw new DoorwardError(response.status, 'invalid_response', 'the server answered with a redirect: check baseUrl');
    }
    if (response.status === 204 || (bodyless && response.ok))
        return undefined;
    const body = parse(text);
    if (response.ok && typeof body === 'object' && body !== null)
        return body;
    throw failure(response, body);
}
function parse(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        return undefined;
    }
}
/** The error that an answer tells: section 2's shape, OAuth's (RFC 6749 section 5.2), or neither. */
function failure(response, body) {
    const details = {
        requestId: response.headers.get('x-request-id') ?? undefined,
        retryAfter: seconds(response.headers.get('retry-after')),
        body,
    };
    const { error, error_description: description } = (body ?? {});
    if (!response.ok && typeof error === 'string') {
        return new DoorwardError(response.status, error, typeof description === 'string' ? description : error, details);
    }
    const { code, message, field } = (typeof error === 'object' && error !== null ? error : {});
    if (!response.ok && typeof code === 'string') {
        const text = typeof message === 'string' ? message : code;
        return new DoorwardError(response.status, code, text, {
            ...details,
            field: typeof field === 'string' ? field : undefined,
        });
    }
    const text = `the answer (${response.status}) is not one of Doorward's`;
    return new DoorwardError(response.status, 'invalid_response', text, details);
}
/** RFC 9110 section 10.2.3: seconds, or a date. */
function seconds(header) {
    if (header === null)
        return undefined;
    if (/^\s*\d+\s*$/.test(header))
        return Number(header);
    const date = Date.parse(header);
    return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}
function reason(error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return error instanceof Error ? error.message + cause : String(error);
}
//# sourceMappingURL=transport.js.map