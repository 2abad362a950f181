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
export class DoorwardError extends Error {
    name = 'DoorwardError';
    status;
    code;
    /** The member of the request that is at fault, where one is. */
    field;
    /** The server's `X-Request-Id`: its log and audit events have the same. */
    requestId;
    /** When to try again, in seconds. */
    retryAfter;
    /** The whole answer, where it was JSON: `mfa_required` has more than a code. */
    body;
    constructor(status, code, message, details = {}) {
        super(message, 'cause' in details ? { cause: details.cause } : undefined);
        this.status = status;
        this.code = code;
        this.field = details.field;
        this.requestId = details.requestId;
        this.retryAfter = details.retryAfter;
        this.body = details.body;
    }
}
/** Whether `error` is a {@link DoorwardError} with one of these codes. */
export function isCode(error, ...codes) {
    return error instanceof DoorwardError && codes.includes(error.code);
}
/** An answer of success that does not hold what it must. */
export function unexpected(what) {
    return new DoorwardError(200, 'invalid_response', `the answer holds no ${what}`);
}
//# sourceMappingURL=errors.js.map