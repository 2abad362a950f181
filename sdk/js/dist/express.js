import { admit, list } from './guard.js';
/** Lets a request on that may do all of `scope`, with `request.auth` set; answers 401 or 403 itself. */
export function requireScope(scope, options) {
    const wanted = list(scope);
    return async (request, response, next) => {
        try {
            const { authorization } = request.headers;
            const { caller, refusal } = await admit(wanted, options, { authorization, ip: request.ip });
            if (refusal) {
                response.status(refusal.status).set(refusal.headers).json(refusal.body);
                return;
            }
            request.auth = caller;
        }
        catch (error) {
            next(error);
            return;
        }
        next();
    };
}
//# sourceMappingURL=express.js.map