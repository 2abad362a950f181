import type { ErrorCode } from './api.js';
/** What a {@link DoorwardError} says. */
export interface ErrorDetails {
    field?: string | undefined;
    requestId?: string | undefined;
    retryAfter?: number | undefined;
    body?: unknown;
    cause?: unknown;
}
/**
 * An error answer of the server, or the lack of an answer.
 *
 * `status` is the HTTP status, and 0 where there was no answer. `code` is the server's error code (`token_revoked`,
 * `rate_limited`, …; of an OAuth error its `error`), or one of the SDK's own:
 * - `network_error`: no connection, or it broke before the answer was whole,
 * - `timeout`: no whole answer within `timeoutMs`,
 * - `invalid_response`: an answer that is none of Doorward's, for instance a proxy's HTML page,
 * - `invalid_state`: `signIn.finish` was given an answer to a sign-in that this browser did not start.
 */
export declare class DoorwardError extends Error {
    readonly name = "DoorwardError";
    readonly status: number;
    readonly code: ErrorCode | (string & {});
    /** The member of the request that is at fault, where one is. */
    readonly field: string | undefined;
    /** The server's `X-Request-Id`: its log and audit events have the same. */
    readonly requestId: string | undefined;
    /** When to try again, in seconds. */
    readonly retryAfter: number | undefined;
    /** The whole answer, where it was JSON: `mfa_required` has more than a code. */
    readonly body: unknown;
    constructor(status: number, code: string, message: string, details?: ErrorDetails);
}
/** Whether `error` is a {@link DoorwardError} with one of these codes. */
export declare function isCode(error: unknown, ...codes: string[]): error is DoorwardError;
/** An answer of success that does not hold what it must. */
export declare function unexpected(what: string): DoorwardError;
//# sourceMappingURL=errors.d.ts.map