import { type Caller, type GuardOptions } from './guard.js';
export type { Caller, GuardOptions } from './guard.js';
/** As much of Fastify's request as is needed. */
export interface FastifyRequest {
    headers: {
        authorization?: string | undefined;
    };
    ip?: string;
    /** Who calls, behind `requireScope`. */
    auth?: Caller;
}
/** As much of Fastify's reply as is needed. */
export interface FastifyReply {
    code(code: number): {
        headers(headers: Record<string, string>): {
            send(body: unknown): unknown;
        };
    };
}
/** An `onRequest` or `preHandler` hook that lets a request on which may do all of `scope`, with `request.auth` set. */
export declare function requireScope(scope: string | readonly string[], options: GuardOptions): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
//# sourceMappingURL=fastify.d.ts.map