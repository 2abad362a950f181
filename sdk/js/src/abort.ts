/** The last argument of every method. */
export interface CallOptions {
  /** Aborts the call, which then rejects with an `AbortError`. */
  signal?: AbortSignal | undefined
}

function aborted(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason
  if (reason instanceof Error && reason.name === 'AbortError') return reason
  return Object.assign(new DOMException('The call was aborted', 'AbortError'), { cause: reason })
}

/** Throws an `AbortError` if `signal` was aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}

/** What `work` settles with, or an `AbortError` once `signal` is aborted. The work itself goes on. */
export function orAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  return new Promise((resolve, reject) => {
    const abort = () => reject(aborted(signal))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Waits; an `AbortError` ends it early. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await orAbort(new Promise<void>((done) => (timer = setTimeout(done, ms))), signal)
  } finally {
    clearTimeout(timer)
  }
}

/** Tells `method({ signal })` from `method(argument, { signal })`, for arguments that may be left out. */
export function optional<T extends object>(
  argument: T | CallOptions | undefined,
  options: CallOptions | undefined,
): [T | undefined, CallOptions] {
  if (!options && argument && 'signal' in argument) {
    const { signal, ...rest } = argument as T & CallOptions
    return [rest as unknown as T, { signal }]
  }
  return [argument as T | undefined, options ?? {}]
}
