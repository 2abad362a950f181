/** The default: gone with the page or process. */
export class MemoryStorage {
    #items = new Map();
    getItem(key) {
        return this.#items.get(key) ?? null;
    }
    setItem(key, value) {
        this.#items.set(key, value);
    }
    removeItem(key) {
        this.#items.delete(key);
    }
}
//# sourceMappingURL=storage.js.map