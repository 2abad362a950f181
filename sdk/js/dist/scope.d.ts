/** Whether granted scopes (space-separated, or a list) cover `wanted`: each covers itself and everything below it. */
export declare function covers(granted: string | readonly string[], wanted: string): boolean;
//# sourceMappingURL=scope.d.ts.map