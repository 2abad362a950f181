import { unexpected } from './errors.js'
import type { Transport } from './transport.js'

/** A public key as the server publishes it (RFC 7517). */
export interface PublicKey extends JsonWebKey {
  kid?: string
}

/** What the server says of itself: its issuer name and its keys. */
export class Issuer {
  readonly #transport: Transport
  #name: Promise<string> | undefined

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * The `iss` of its tokens, asked until it is told (RFC 8414). It is another than `baseUrl` where the server is reached
   * under an inner address, so nothing is guessed where a proxy says that there is no metadata.
   */
  name(): Promise<string> {
    this.#name ??= this.#ask().catch((error: unknown) => {
      this.#name = undefined
      throw error
    })
    return this.#name
  }

  async #ask(): Promise<string> {
    const path = '/.well-known/oauth-authorization-server'
    const { issuer } = await this.#transport.send<{ issuer?: unknown }>({ method: 'GET', path }, undefined)
    if (typeof issuer !== 'string') throw unexpected('issuer')
    return issuer
  }

  /** The keys that sign now, and those whose last token has not expired. */
  async keys(): Promise<PublicKey[]> {
    const call = { method: 'GET' as const, path: '/.well-known/jwks.json', cache: 'reload' as const }
    const { keys } = await this.#transport.send<{ keys?: unknown }>(call, undefined)
    if (!Array.isArray(keys)) throw unexpected('keys')
    return keys.filter((key): key is PublicKey => typeof key === 'object' && key !== null)
  }
}
