import { orAbort, sleep } from './abort.js'
import { DoorwardError, isCode } from './errors.js'
import type { SessionKeeper } from './keeper.js'
import type { Session } from './session.js'

/** Added to the server's `refresh_grace_seconds`, within which a used token is refused and nothing happens. */
const MARGIN_MS = 200
/** How often the storage is read for another tab's session in the meantime. */
const LOOK_MS = 100
/** The server's `refresh_retry_seconds`, and a little less: so long a lost answer can be asked for again. */
const WINDOW_MS = 55_000
/** Longest wait for another tab's refresh. */
const LOCK_MS = 60_000

/** Asks the server for the session that follows. */
export type Exchange = (session: Session) => Promise<Session>

/** Refreshes the held session: once for all that wait, in this tab and in others. */
export class Refresher {
  readonly #keeper: SessionKeeper
  readonly #exchange: Exchange
  readonly #graceMs: number
  #running: Promise<Session> | undefined
  /** The refresh token whose last answer never came. */
  #lost: string | undefined

  constructor(keeper: SessionKeeper, exchange: Exchange, graceSeconds: number) {
    this.#keeper = keeper
    this.#exchange = exchange
    this.#graceMs = graceSeconds * 1000 + MARGIN_MS
  }

  /** The session that follows `stale`. Aborting leaves the refresh itself to those who wait for it too. */
  refresh(stale: Session, signal?: AbortSignal): Promise<Session> {
    this.#running ??= this.#alone(() => this.#next(stale)).finally(() => (this.#running = undefined))
    return orAbort(this.#running, signal)
  }

  /** Waits for a refresh that is under way, if there is one. */
  async settled(): Promise<void> {
    await this.#running?.catch(() => undefined)
  }

  /** One tab of the origin at a time, where the browser has Web Locks. */
  async #alone(work: () => Promise<Session>): Promise<Session> {
    const locks = this.#keeper.shared ? (globalThis.navigator?.locks as LockManager | undefined) : undefined
    if (!locks) return work()
    const patience = new AbortController()
    const timer = setTimeout(() => patience.abort(), LOCK_MS)
    let running: Promise<Session> | undefined
    const hold = () => {
      clearTimeout(timer)
      running = work()
      return running
    }
    try {
      return await locks.request(`doorward ${this.#keeper.key}`, { signal: patience.signal }, hold)
    } catch (error) {
      // A tab that never lets go, or a page that may not lock: the server still lets exactly one win.
      if (running) throw error
      return await work()
    } finally {
      clearTimeout(timer)
    }
  }

  /** The session that a refresh token gives which is not the held one. */
  async renew(session: Session): Promise<Session> {
    const next = await this.#exchanged(session, async () => undefined, false)
    await this.#keeper.set(next)
    return next
  }

  async #next(stale: Session): Promise<Session> {
    const held = (await this.#keeper.read())?.session
    if (!held) throw over()
    if (held.accessToken !== stale.accessToken) return held
    const doubtful = this.#keeper.shared || this.#lost === held.refreshToken
    try {
      return await this.#adopt(held, await this.#exchanged(held, () => this.#other(held), doubtful))
    } catch (error) {
      if (isLost(error)) this.#lost = held.refreshToken
      if (isRefusal(error)) await this.#keeper.end(held)
      throw error
    }
  }

  /**
   * Exchanges a refresh token although answers get lost. `other` finds the session that took its place meanwhile;
   * `doubtful` says that somebody may have sent the token before.
   */
  async #exchanged(session: Session, other: () => Promise<Session | undefined>, doubtful: boolean): Promise<Session> {
    // After a lost answer. The first wait is short: the request may never have arrived.
    const waits = [50, this.#graceMs, 4000, 8000]
    const began = Date.now()
    let lost = 0
    let refused = false
    for (;;) {
      try {
        return await this.#exchange(session)
      } catch (error) {
        const found = await other()
        if (found) return found
        const wait = waits[lost]
        if (isLost(error) && wait !== undefined && Date.now() - began < WINDOW_MS) {
          lost++
          await sleep(wait)
        } else if (isReplay(error) && (doubtful || lost > 0) && !refused) {
          // Used already: by a tab that has not stored its session yet, or by an attempt whose answer was lost, perhaps
          // before this page was loaded. The first shows in the storage, the second is answered after the grace.
          refused = true
          const late = await watch(other, this.#graceMs)
          if (late) return late
        } else {
          throw error
        }
      }
    }
  }

  /** Keeps what the server answered, unless the person signed out or in again meanwhile. */
  async #adopt(held: Session, next: Session): Promise<Session> {
    const other = await this.#other(held)
    if (other) return other
    this.#lost = undefined
    await this.#keeper.set(next)
    return next
  }

  /** The session that took the place of `held`, if one did. */
  async #other(held: Session): Promise<Session | undefined> {
    const now = (await this.#keeper.read())?.session
    if (!now) throw over()
    return now.accessToken === held.accessToken ? undefined : now
  }
}

/** Looks for another tab's session until the grace is over. */
async function watch(other: () => Promise<Session | undefined>, graceMs: number): Promise<Session | undefined> {
  const until = Date.now() + graceMs
  while (Date.now() < until) {
    const found = await other()
    if (found) return found
    await sleep(LOOK_MS)
  }
  return other()
}

function over(): DoorwardError {
  return new DoorwardError(401, 'token_revoked', 'the session is over')
}

/** Whether the server may have answered without our seeing it. */
function isLost(error: unknown): boolean {
  return error instanceof DoorwardError && ([0, 500, 502, 504].includes(error.status) || error.status < 300)
}

/** Whether the token may only have been used already. */
function isReplay(error: unknown): boolean {
  return isCode(error, 'token_revoked', 'invalid_grant')
}

/** Whether the session is over. */
function isRefusal(error: unknown): boolean {
  return isCode(error, 'token_revoked', 'token_expired', 'invalid_token', 'invalid_grant', 'account_disabled')
}
