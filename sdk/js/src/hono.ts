import { admit, list, type Caller, type GuardOptions } from './guard.js'

export type { Caller } from './guard.js'

/** As much of Hono's context as is needed. */
export interface HonoContext {
  req: { header(name: string): string | undefined }
  set(name: 'auth', caller: Caller): void
}

/** What guards a route; Hono does not know where a request came from. */
export interface HonoGuardOptions<C extends HonoContext = HonoContext> extends GuardOptions {
  /** The address a request came from, for API keys that are bound to addresses. */
  ip?: (context: C) => string | undefined
}

/** Middleware that lets a request on which may do all of `scope`, with `context.get('auth')` set. */
export function requireScope<C extends HonoContext = HonoContext>(
  scope: string | readonly string[],
  options: HonoGuardOptions<C>,
) {
  const wanted = list(scope)
  return async (context: C, next: () => Promise<void>): Promise<Response | void> => {
    const shown = { authorization: context.req.header('authorization'), ip: options.ip?.(context) }
    const { caller, refusal } = await admit(wanted, options, shown)
    if (refusal) {
      const headers = { ...refusal.headers, 'content-type': 'application/json' }
      return new Response(JSON.stringify(refusal.body), { status: refusal.status, headers })
    }
    context.set('auth', caller)
    return next()
  }
}
