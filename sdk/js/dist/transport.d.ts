/** One call of the API. */
export interface Call {
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
    path: string;
    query?: Record<string, string | number | boolean | undefined> | undefined;
    json?: unknown;
    form?: URLSearchParams;
    headers?: Record<string, string>;
    /** The `Authorization` header, whole. */
    authorization?: string | undefined;
    cache?: 'reload';
    /** The answer's body says nothing. */
    bodyless?: boolean;
}
/** A `fetch` as browsers and Node have it. */
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;
interface Limits {
    fetch: Fetch;
    timeoutMs: number;
    retries: number;
}
/** Sends calls to one server, and turns answers into values or errors. */
export declare class Transport {
    #private;
    readonly baseUrl: string;
    constructor(baseUrl: string, limits: Limits);
    /** The answer's JSON, `undefined` for 204. 429 and 503 are tried again when the server says. */
    send<T>(call: Call, signal: AbortSignal | undefined): Promise<T>;
}
export {};
//# sourceMappingURL=transport.d.ts.map