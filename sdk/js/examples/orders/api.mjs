// An orders API, and the page that uses it. See ../README.md for how to start it.
import { fileURLToPath } from 'node:url'
import { Doorward } from '@doorward/sdk'
import { requireScope } from '@doorward/sdk/express'
import express from 'express'

const { DOORWARD_URL = 'http://127.0.0.1:8000', AUDIENCE = 'https://orders.example/', PAGE_ID, PORT = '3000' } = process.env

const doorward = new Doorward({ baseUrl: DOORWARD_URL })
const verifier = doorward.verifier({ audience: AUDIENCE })
const app = express()
app.use(express.json())

/** Orders of each person, while the program runs. */
const orders = new Map()
const ordersOf = (sub) => orders.get(sub) ?? orders.set(sub, []).get(sub)

app.get('/api/orders', requireScope('read:orders', { verifier }), (request, response) => {
  response.json({ data: ordersOf(request.auth.sub) })
})

app.post('/api/orders', requireScope('write:orders', { verifier }), (request, response) => {
  const { item } = request.body ?? {}
  if (typeof item !== 'string' || item.length === 0 || item.length > 100) {
    return response.status(422).json({ error: { code: 'validation_failed', message: 'name an item', field: 'item' } })
  }
  const mine = ordersOf(request.auth.sub)
  if (mine.length >= 100) return response.status(409).json({ error: { code: 'conflict', message: 'that is enough' } })
  const order = { number: mine.length + 1, item }
  mine.push(order)
  return response.status(201).json(order)
})

// The page. The browser loads the SDK as it is: it needs no bundler.
app.get('/config.json', (_, response) => {
  response.json({ baseUrl: DOORWARD_URL, clientId: PAGE_ID, resource: AUDIENCE })
})
app.use('/sdk', express.static(fileURLToPath(new URL('.', import.meta.resolve('@doorward/sdk')))))
app.use(express.static(fileURLToPath(new URL('public', import.meta.url))))

const server = app.listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})
