export type * from './api.js';
export type { CallOptions } from './abort.js';
export type { ApiKeys, CreateKeyInput, KeyLimits, KeyVerdict, UpdateKeyInput, VerifiedKey, VerifyKeyInput } from './apikeys.js';
export type { Auth, ListQuery, OwnSessions, PasswordInput, RegisterInput } from './auth.js';
export { Doorward, type DoorwardOptions } from './client.js';
export { DoorwardError, isCode } from './errors.js';
export type { SessionListener } from './keeper.js';
export { covers } from './scope.js';
export type { Session } from './session.js';
export type { SignIn, SignInInput } from './signin.js';
export type { Storage } from './storage.js';
export type { ClientCredentialsInput, ClientToken, Tokens } from './tokens.js';
export type { Fetch } from './transport.js';
export type { Claims, Verifier, VerifierOptions } from './verifier.js';
//# sourceMappingURL=index.d.ts.map