import { webCrypto } from './encoding.js'
import type { Issuer, PublicKey } from './issuer.js'

/** How long keys are good without a look whether one was revoked. */
const KEEP_MS = 300_000
/** How long keys serve on where the server does not answer: a key that was revoked meanwhile would be good for ever. */
const LONGEST_MS = 86_400_000
/** After a failed look the old keys are used so long before the next. */
const PAUSE_MS = 10_000
/** How long after its begin a look holds up tokens whose keys are known. */
const PATIENCE_MS = 1000
/** Looks for unknown key ids: so many at once, and one more in each pause. Whoever forges tokens costs no more. */
const BURST = 3

type Algorithm = 'RS256' | 'ES256' | 'EdDSA'

/** A key ready for use, with the one algorithm that it is for. */
export interface VerifyKey {
  algorithm: Algorithm
  key: CryptoKey
}

const PARAMETERS = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
} as const

/** The server's public keys, kept, and asked for again when a token names one that is not there yet. */
export class KeySet {
  readonly #issuer: Issuer
  #keys = new Map<string, VerifyKey>()
  #loading: Promise<void> | undefined
  #began = 0
  #staleAt = 0
  #overAt = 0
  #tokens = BURST
  #countedAt = Date.now()

  constructor(issuer: Issuer) {
    this.#issuer = issuer
  }

  /** The key with this id; `undefined` where the server has none. */
  async find(kid: string): Promise<VerifyKey | undefined> {
    if (this.#keys.size === 0 || Date.now() >= this.#overAt) await this.#load()
    else if (Date.now() >= this.#staleAt) await this.#look()
    const found = this.#keys.get(kid)
    if (found || !this.#mayLook()) return found
    await this.#load().catch(() => undefined)
    return this.#keys.get(kid)
  }

  #mayLook(): boolean {
    if (this.#loading) return true
    const now = Date.now()
    this.#tokens = Math.min(BURST, this.#tokens + Math.max(0, now - this.#countedAt) / PAUSE_MS)
    this.#countedAt = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Looks whether a key was revoked; where the server does not answer the old ones serve on for a day. */
  #look(): Promise<void> {
    const loading = this.#load().catch(() => undefined)
    const left = this.#began + PATIENCE_MS - Date.now()
    return new Promise((done) => {
      const timer = setTimeout(done, left)
      void loading.then(() => {
        clearTimeout(timer)
        done()
      })
    })
  }

  #load(): Promise<void> {
    this.#loading ??= this.#fetch().finally(() => {
      this.#loading = undefined
      this.#staleAt = Math.max(this.#staleAt, Date.now() + PAUSE_MS)
    })
    return this.#loading
  }

  async #fetch(): Promise<void> {
    this.#began = Date.now()
    const keys = new Map<string, VerifyKey>()
    for (const published of await this.#issuer.keys()) {
      const key = await imported(published)
      if (key && published.kid !== undefined) keys.set(published.kid, key)
    }
    this.#keys = keys
    this.#staleAt = Date.now() + KEEP_MS
    this.#overAt = Date.now() + LONGEST_MS
  }
}

/** Whether a signature over `data` is right. */
export async function verified(
  { algorithm, key }: VerifyKey,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { subtle } = await webCrypto()
  return subtle.verify(PARAMETERS[algorithm], key, signature, data)
}

/** `undefined` for keys that are no signing keys of ours: other kinds, other uses, RSA below 2048 bits. */
async function imported(published: PublicKey): Promise<VerifyKey | undefined> {
  const algorithm = algorithmOf(published)
  if (!algorithm || (published.use !== undefined && published.use !== 'sig')) return undefined
  const { subtle } = await webCrypto()
  try {
    const { kty, crv, n, e, x, y } = published
    const jwk = Object.fromEntries(Object.entries({ kty, crv, n, e, x, y }).filter(([, value]) => value !== undefined))
    const key = await subtle.importKey('jwk', jwk, PARAMETERS[algorithm], false, ['verify'])
    const { modulusLength } = key.algorithm as Partial<RsaKeyAlgorithm>
    return modulusLength !== undefined && modulusLength < 2048 ? undefined : { algorithm, key }
  } catch {
    return undefined
  }
}

/** The one algorithm of a key: what it says, and what its kind allows. */
function algorithmOf({ kty, crv, alg }: PublicKey): Algorithm | undefined {
  if (kty === 'RSA' && (alg ?? 'RS256') === 'RS256') return 'RS256'
  if (kty === 'EC' && crv === 'P-256' && (alg ?? 'ES256') === 'ES256') return 'ES256'
  if (kty === 'OKP' && crv === 'Ed25519' && ['EdDSA', 'Ed25519'].includes(alg ?? 'EdDSA')) return 'EdDSA'
  return undefined
}
