import { Doorward } from '/sdk/index.js'

const { baseUrl, clientId, resource } = await (await fetch('/config.json')).json()
const doorward = new Doorward({ baseUrl, clientId, storage: localStorage })
const element = (id) => document.getElementById(id)
const say = (text) => (element('status').textContent = text)

/** A call of our own API, with a token that is fresh. */
async function api(method, body) {
  const token = await doorward.auth.accessToken()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const answer = await fetch('/api/orders', { method, headers, ...(body && { body: JSON.stringify(body) }) })
  const said = await answer.json()
  if (!answer.ok) throw new Error(said.error.message)
  return said
}

async function show(session) {
  element('sign-in').hidden = session !== null
  element('signed-in').hidden = session === null
  if (!session) return say('You are signed out.')
  const { data } = await api('GET')
  element('orders').replaceChildren(
    ...data.map(({ number, item }) => Object.assign(document.createElement('li'), { textContent: `${number}: ${item}` })),
  )
  say(`${data.length} orders`)
}

const attempt = (work) => work().catch((error) => say(error.message))

element('sign-in').onclick = () =>
  attempt(() =>
    doorward.signIn.start({
      redirectUri: `${location.origin}/`,
      scope: 'openid profile offline_access read:orders write:orders',
      resource,
    }),
  )
element('sign-out').onclick = () => attempt(() => doorward.auth.logout())
element('new').onsubmit = (event) => {
  event.preventDefault()
  const form = event.target
  void attempt(async () => {
    await api('POST', Object.fromEntries(new FormData(form)))
    form.reset()
    await show(await doorward.auth.session())
  })
}

// Signing in or out in another tab shows here too.
doorward.onSessionChange((session) => void attempt(() => show(session)))
await attempt(async () => {
  if (new URLSearchParams(location.search).has('state')) await doorward.signIn.finish()
  else await show(await doorward.auth.session())
})
