/** Where a session is kept: `localStorage` is one. The methods may answer promises. */
export interface Storage {
    getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
    setItem(key: string, value: string): unknown;
    removeItem(key: string): unknown;
}
/** The default: gone with the page or process. */
export declare class MemoryStorage implements Storage {
    #private;
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
    removeItem(key: string): void;
}
//# sourceMappingURL=storage.d.ts.map