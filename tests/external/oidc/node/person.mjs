// The person at the browser: opens an address, signs in where asked, says yes, and answers where the browser ends up.
// As a program: `node person.mjs URL` prints it.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const { person } = JSON.parse(readFileSync(process.env.MADE, 'utf8'))

const unescaped = (text) =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')

// Where a page goes on to by itself.
function onward(page) {
  const found = page.match(/<meta http-equiv="refresh" content="0; url=([^"]*)"/)
  return found ? unescaped(found[1]) : undefined
}

function forms(page) {
  const attribute = (tag, name) => {
    const found = tag.match(new RegExp(` ${name}="([^"]*)"`))
    return found ? unescaped(found[1]) : undefined
  }
  return [...page.matchAll(/<form[\s\S]*?<\/form>/g)].map(([form]) => ({
    action: attribute(form, 'action'),
    fields: new URLSearchParams(
      [...form.matchAll(/<input[^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value') ?? '']),
    ),
  }))
}

export class Person {
  cookies = new Map()

  async open(url, form) {
    const headers = { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
    const answer = await fetch(url, { method: form ? 'POST' : 'GET', body: form, headers, redirect: 'manual' })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = cookie.match(/^([^=]*)=([^;]*)/)
      this.cookies.set(name, value)
    }
    return answer
  }

  // Where the browser is sent when it leaves the server, or the last page's address.
  async go(url) {
    const home = new URL(url).origin
    let answer = await this.open(url)
    for (let step = 0; step < 10; step++) {
      const page = await answer.text()
      const next = answer.status === 303 ? answer.headers.get('location') : onward(page)
      if (next) {
        url = new URL(next, url).href
        if (new URL(url).origin !== home) return url
        answer = await this.open(url)
        continue
      }
      if (answer.status !== 200) throw new Error(`${answer.status} at ${url}: ${page}`)
      const form = forms(page)[0]
      if (!form) return url
      if (form.fields.has('email')) {
        form.fields.set('email', person.email)
        form.fields.set('password', person.password)
      }
      url = new URL(form.action, url).href
      answer = await this.open(url, form.fields)
    }
    throw new Error('the browser goes round in circles')
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log(await new Person().go(process.argv[2]))
