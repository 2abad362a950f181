// What the checks share: what was made for them, and how they say how they went.
import { readFileSync } from 'node:fs'

export const issuer = process.env.ISSUER
export const made = JSON.parse(readFileSync(process.env.MADE, 'utf8'))

export async function check(name, work) {
  try {
    const value = await work()
    console.log(`ok ${name}`)
    return value
  } catch (error) {
    console.log(`FAILED ${name}`)
    console.log(error)
    return undefined
  }
}

export function equal(have, want, what) {
  if (have !== want) throw new Error(`${what}: ${JSON.stringify(have)} is not ${JSON.stringify(want)}`)
}

export async function refused(work, code) {
  try {
    await work()
  } catch (error) {
    const told = [error.error, error.code, error.cause?.error, error.cause?.get?.('error')]
    if (told.includes(code)) return
    throw error
  }
  throw new Error(`${code} was to be refused`)
}
