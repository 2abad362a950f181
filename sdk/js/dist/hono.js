import { admit, list } from './guard.js';
/** Middleware that lets a request on which may do all of `scope`, with `context.get('auth')` set. */
export function requireScope(scope, options) {
    const wanted = list(scope);
    return async (context, next) => {
        const shown = { authorization: context.req.header('authorization'), ip: options.ip?.(context) };
        const { caller, refusal } = await admit(wanted, options, shown);
        if (refusal) {
            const headers = { ...refusal.headers, 'content-type': 'application/json' };
            return new Response(JSON.stringify(refusal.body), { status: refusal.status, headers });
        }
        context.set('auth', caller);
        return next();
    };
}
//# sourceMappingURL=hono.js.map