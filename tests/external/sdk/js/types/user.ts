// What a TypeScript user writes: compiled, never run. `@ts-expect-error` lines must be errors.
import { covers, Doorward, DoorwardError, isCode, type Claims, type Session, type Storage } from '@doorward/sdk'

const memory: Storage = { getItem: async () => null, setItem: async () => undefined, removeItem: () => undefined }

export async function used(signal: AbortSignal): Promise<Claims> {
  const doorward = new Doorward({ baseUrl: 'https://id.example.com', storage: localStorage, timeoutMs: 1000, retries: 0 })
  new Doorward({ baseUrl: 'https://id.example.com', storage: memory, fetch })
  const leave: () => void = doorward.onSessionChange((session: Session | null) => console.log(session?.userId))
  const session = await doorward.auth.login({ email: 'jane@example.com', password: 'securePassword123' }, { signal })
  const refreshed: Session = await doorward.auth.refresh(session.refreshToken)
  const registered = await doorward.auth.register({ email: 'a', password: 'b', firstName: 'Jane', lastName: 'Doe' })
  const name: string | null | undefined = registered.user.firstName
  const page = await doorward.apiKeys.list({ limit: 5, active: true }, { signal })
  const hint: string | undefined = page.data[0]?.hint
  await doorward.apiKeys.create({ name: 'a', scopes: ['read'], rateLimit: { limit: 1, windowSeconds: 60 }, metadata: {} })
  await doorward.apiKeys.update('key_1', { quota: null, enabled: true })
  const { valid, code } = await doorward.apiKeys.verify({ key: 'k', scopes: ['read'], ip: '::1', cost: 1 })
  const { expiresIn } = await doorward.tokens.clientCredentials({ scope: 'read', resource: 'https://orders.example/' })
  await doorward.auth.sessions.list({ signal })
  await doorward.signIn.start({ redirectUri: 'https://app.example/callback', scope: 'openid' })
  await doorward.signIn.finish()
  try {
    await doorward.auth.me({ signal })
  } catch (error) {
    if (error instanceof DoorwardError) console.log(error.status, error.code, error.field, error.requestId, error.retryAfter)
    if (isCode(error, 'token_revoked')) console.log(error.message)
  }
  // @ts-expect-error: a password is needed
  await doorward.auth.login({ email: 'a' })
  // @ts-expect-error: a base URL is needed
  new Doorward({})
  // @ts-expect-error: there is no such period
  await doorward.apiKeys.update('key_1', { quota: { limit: 1, period: 'year' } })
  console.log(leave, refreshed, name, hint, valid, code === 'valid', expiresIn, covers('read', 'read:orders'))
  return doorward.verifier({ audience: 'https://orders.example/' }).verify(session.accessToken, { signal })
}
