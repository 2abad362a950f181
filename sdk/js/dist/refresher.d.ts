import type { SessionKeeper } from './keeper.js';
import type { Session } from './session.js';
/** Asks the server for the session that follows. */
export type Exchange = (session: Session) => Promise<Session>;
/** Refreshes the held session: once for all that wait, in this tab and in others. */
export declare class Refresher {
    #private;
    constructor(keeper: SessionKeeper, exchange: Exchange, graceSeconds: number);
    /** The session that follows `stale`. Aborting leaves the refresh itself to those who wait for it too. */
    refresh(stale: Session, signal?: AbortSignal): Promise<Session>;
    /** Waits for a refresh that is under way, if there is one. */
    settled(): Promise<void>;
    /** The session that a refresh token gives which is not the held one. */
    renew(session: Session): Promise<Session>;
}
//# sourceMappingURL=refresher.d.ts.map