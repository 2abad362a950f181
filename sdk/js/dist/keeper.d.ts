import { type Storage } from './storage.js';
import { type Held, type Session } from './session.js';
/** Called with the session after login, register and refresh, and with `null` when it is over. */
export type SessionListener = (session: Session | null) => void;
/**
 * Keeps the one session of a client. The storage has the last word, since other tabs write to it too; where it fails
 * (a full or forbidden `localStorage`), the session lives on in memory.
 */
export declare class SessionKeeper {
    #private;
    readonly key: string;
    constructor(key: string, storage: Storage | undefined);
    /** Whether others may hold the same session: tabs of the origin, processes on one database. */
    get shared(): boolean;
    /** The session now, as the last to write it left it. */
    read(): Promise<Held | undefined>;
    /** Keeps a new session. */
    set(session: Session): Promise<void>;
    /** Ends what is held, if it still is `session`. */
    end(session: Session): Promise<void>;
    /** Adds a listener; the answer takes it away again. */
    listen(listener: SessionListener): () => void;
}
//# sourceMappingURL=keeper.d.ts.map