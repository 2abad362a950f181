import { admit, list } from './guard.js';
/** An `onRequest` or `preHandler` hook that lets a request on which may do all of `scope`, with `request.auth` set. */
export function requireScope(scope, options) {
    const wanted = list(scope);
    return async (request, reply) => {
        const { authorization } = request.headers;
        const { caller, refusal } = await admit(wanted, options, { authorization, ip: request.ip });
        if (refusal)
            return reply.code(refusal.status).headers(refusal.headers).send(refusal.body);
        request.auth = caller;
        return undefined;
    };
}
//# sourceMappingURL=fastify.js.map