/** The last argument of every method. */
export interface CallOptions {
    /** Aborts the call, which then rejects with an `AbortError`. */
    signal?: AbortSignal | undefined;
}
/** Throws an `AbortError` if `signal` was aborted. */
export declare function throwIfAborted(signal: AbortSignal | undefined): void;
/** What `work` settles with, or an `AbortError` once `signal` is aborted. The work itself goes on. */
export declare function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T>;
/** Waits; an `AbortError` ends it early. */
export declare function sleep(ms: number, signal?: AbortSignal): Promise<void>;
/** Tells `method({ signal })` from `method(argument, { signal })`, for arguments that may be left out. */
export declare function optional<T extends object>(argument: T | CallOptions | undefined, options: CallOptions | undefined): [T | undefined, CallOptions];
//# sourceMappingURL=abort.d.ts.map