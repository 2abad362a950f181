import { MemoryStorage } from './storage.js';
import { parseHeld } from './session.js';
/**
 * Keeps the one session of a client. The storage has the last word, since other tabs write to it too; where it fails
 * (a full or forbidden `localStorage`), the session lives on in memory.
 */
export class SessionKeeper {
    key;
    #storage;
    #listeners = new Set();
    #known;
    /** Set while the storage does not hold what memory holds. */
    #detached = false;
    #writes = 0;
    constructor(key, storage) {
        this.key = key;
        this.#storage = storage ?? new MemoryStorage();
    }
    /** Whether others may hold the same session: tabs of the origin, processes on one database. */
    get shared() {
        return !(this.#storage instanceof MemoryStorage);
    }
    /** The session now, as the last to write it left it. */
    async read() {
        if (this.#detached)
            return this.#known;
        const writes = this.#writes;
        let found;
        try {
            found = parseHeld(await this.#storage.getItem(this.key));
        }
        catch {
            return this.#known;
        }
        // Written meanwhile: what was read is older than what is known.
        if (writes !== this.#writes || found?.session.accessToken === this.#known?.session.accessToken)
            return this.#known;
        this.#known = found;
        this.#notify();
        return found;
    }
    /** Keeps a new session. */
    async set(session) {
        const held = { session, receivedAt: Date.now() };
        this.#known = held;
        await this.#write(() => this.#storage.setItem(this.key, JSON.stringify(held)));
        this.#notify();
    }
    /** Ends what is held, if it still is `session`. */
    async end(session) {
        const held = await this.read();
        if (held?.session.accessToken !== session.accessToken)
            return;
        this.#known = undefined;
        await this.#write(() => this.#storage.removeItem(this.key));
        this.#notify();
    }
    /** Adds a listener; the answer takes it away again. */
    listen(listener) {
        // A function of its own for each call, so that the same listener can be added twice.
        const own = (session) => listener(session);
        this.#listeners.add(own);
        if (this.#listeners.size === 1)
            globalThis.addEventListener?.('storage', this.#changedElsewhere);
        return () => {
            this.#listeners.delete(own);
            if (this.#listeners.size === 0)
                globalThis.removeEventListener?.('storage', this.#changedElsewhere);
        };
    }
    /** Another tab wrote to `localStorage`. */
    #changedElsewhere = (event) => {
        if (event.key === null || event.key === this.key)
            void this.read();
    };
    async #write(write) {
        const number = ++this.#writes;
        this.#detached = true;
        try {
            await write();
            if (number === this.#writes)
                this.#detached = false;
        }
        catch {
            // The session goes on in memory: losing it here would sign the person out.
        }
    }
    #notify() {
        const session = this.#known?.session ?? null;
        for (const listener of [...this.#listeners]) {
            try {
                listener(session);
            }
            catch (error) {
                // A listener's fault is not the call's: it is reported as an uncaught error.
                queueMicrotask(() => {
                    throw error;
                });
            }
        }
    }
}
//# sourceMappingURL=keeper.js.map