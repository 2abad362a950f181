import { admit, list, type Caller, type GuardOptions } from './guard.js'

export type { Caller, GuardOptions } from './guard.js'

/** As much of Express's request as is needed. */
export interface ExpressRequest {
  headers: { authorization?: string | undefined }
  ip?: string | undefined
  /** Who calls, behind `requireScope`. */
  auth?: Caller
}

/** As much of Express's response as is needed. */
export interface ExpressResponse {
  status(code: number): { set(headers: Record<string, string>): { json(body: unknown): unknown } }
}

/** Lets a request on that may do all of `scope`, with `request.auth` set; answers 401 or 403 itself. */
export function requireScope(scope: string | readonly string[], options: GuardOptions) {
  const wanted = list(scope)
  return async (request: ExpressRequest, response: ExpressResponse, next: (error?: unknown) => void): Promise<void> => {
    try {
      const { authorization } = request.headers
      const { caller, refusal } = await admit(wanted, options, { authorization, ip: request.ip })
      if (refusal) {
        response.status(refusal.status).set(refusal.headers).json(refusal.body)
        return
      }
      request.auth = caller
    } catch (error) {
      next(error)
      return
    }
    next()
  }
}
