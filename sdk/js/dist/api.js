// Made from the server's /openapi.json by tools/types.mjs: do not edit.
export {};
//# sourceMappingURL=api.js.map