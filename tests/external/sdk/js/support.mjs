// What the checks share: a count, a server that misbehaves as told, a proxy that does so in front of the real one.
import { createServer, request } from 'node:http'

export { Doorward, DoorwardError, covers } from '@doorward/sdk'

export const issuer = process.env.ISSUER
/** The same program, whose access tokens live for three seconds. */
export const hasty = process.env.HASTY_ISSUER
export const password = 'correct horse battery'

let passed = 0
let failed = 0

export async function check(name, work) {
  try {
    await work()
    passed++
  } catch (error) {
    failed++
    console.log(`FAILED ${name}\n${error.stack ?? error}`)
  }
}

export function end() {
  console.log(`counted ${passed} ${failed}`)
  process.exit(0)
}

/** The error that `work` rejects with. */
export async function failure(work) {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms))

let people = 0
export const email = () => `person-${process.pid}-${++people}@example.com`

/** An operator's call. */
export async function operate(path, body, { server = issuer, method = 'POST' } = {}) {
  const key = server === hasty ? process.env.HASTY_OPERATOR_KEY : process.env.OPERATOR_KEY
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const answer = await fetch(server + path, { method, headers, body: body && JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer.status === 204 ? undefined : answer.json()
}

function listening(server) {
  return new Promise((ready) => {
    server.listen(0, '127.0.0.1', () => ready(`http://127.0.0.1:${server.address().port}`))
  })
}

/** A server of its own: `handle(request, response, body, n)`, `n` counting from 1. */
export async function stub(handle) {
  const seen = []
  const server = createServer(async (request, response) => {
    const body = await collected(request)
    seen.push({ method: request.method, path: request.url, headers: request.headers, body: body.toString() })
    await handle(request, response, body.toString(), seen.length)
  })
  const url = await listening(server)
  return { url, seen, close: () => server.close() }
}

export function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

async function collected(stream) {
  const parts = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

/**
 * A proxy in front of a server. `meddle({ method, path, n })`, `n` counting the calls of that path from 1, answers how:
 * nothing for no meddling, `before` (the call never arrives) or `after` (it does, and its answer is cut off).
 */
export async function proxy(target, meddle = () => undefined) {
  const counts = new Map()
  const server = createServer(async (incoming, outgoing) => {
    const body = await collected(incoming)
    const path = incoming.url.split('?')[0]
    const n = (counts.get(path) ?? 0) + 1
    counts.set(path, n)
    const how = await meddle({ method: incoming.method, path, n })
    if (how === 'before') return outgoing.destroy()
    const { host: _, ...headers } = incoming.headers
    const onward = request(target + incoming.url, { method: incoming.method, headers }, async (answer) => {
      const text = await collected(answer)
      if (how === 'after') {
        // The head and half of the body.
        outgoing.writeHead(answer.statusCode, { ...answer.headers, 'content-length': text.length })
        outgoing.write(text.subarray(0, text.length / 2), () => outgoing.destroy())
        return
      }
      outgoing.writeHead(answer.statusCode, answer.headers)
      outgoing.end(text)
    })
    onward.on('error', () => outgoing.destroy())
    onward.end(body)
  })
  const url = await listening(server)
  return { url, count: (path) => counts.get(path) ?? 0, close: () => server.close() }
}
