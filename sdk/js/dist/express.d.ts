import { type Caller, type GuardOptions } from './guard.js';
export type { Caller, GuardOptions } from './guard.js';
/** As much of Express's request as is needed. */
export interface ExpressRequest {
    headers: {
        authorization?: string | undefined;
    };
    ip?: string | undefined;
    /** Who calls, behind `requireScope`. */
    auth?: Caller;
}
/** As much of Express's response as is needed. */
export interface ExpressResponse {
    status(code: number): {
        set(headers: Record<string, string>): {
            json(body: unknown): unknown;
        };
    };
}
/** Lets a request on that may do all of `scope`, with `request.auth` set; answers 401 or 403 itself. */
export declare function requireScope(scope: string | readonly string[], options: GuardOptions): (request: ExpressRequest, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void>;
//# sourceMappingURL=express.d.ts.map