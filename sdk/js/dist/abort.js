function aborted(signal) {
    const reason = signal.reason;
    if (reason instanceof Error && reason.name === 'AbortError')
        return reason;
    return Object.assign(new DOMException('The call was aborted', 'AbortError'), { cause: reason });
}
/** Throws an `AbortError` if `signal` was aborted. */
export function throwIfAborted(signal) {
    if (signal?.aborted)
        throw aborted(signal);
}
/** What `work` settles with, or an `AbortError` once `signal` is aborted. The work itself goes on. */
export function orAbort(work, signal) {
    if (!signal)
        return work;
    return new Promise((resolve, reject) => {
        const abort = () => reject(aborted(signal));
        if (signal.aborted)
            abort();
        else
            signal.addEventListener('abort', abort, { once: true });
        work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
}
/** Waits; an `AbortError` ends it early. */
export async function sleep(ms, signal) {
    let timer;
    try {
        await orAbort(new Promise((done) => (timer = setTimeout(done, ms))), signal);
    }
    finally {
        clearTimeout(timer);
    }
}
/** Tells `method({ signal })` from `method(argument, { signal })`, for arguments that may be left out. */
export function optional(argument, options) {
    if (!options && argument && 'signal' in argument) {
        const { signal, ...rest } = argument;
        return [rest, { signal }];
    }
    return [argument, options ?? {}];
}
//# sourceMappingURL=abort.js.map