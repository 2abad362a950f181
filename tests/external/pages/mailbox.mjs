// A mail server that takes everything.
import { createServer } from 'node:net'

const pause = () => new Promise((over) => setTimeout(over, 50))

function serve(socket, mails) {
  let text = ''
  let mail = null
  const say = (line) => socket.write(`${line}\r\n`)
  socket.setEncoding('utf8')
  socket.on('error', () => {})
  socket.on('data', (more) => {
    text += more
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
      const line = text.slice(0, end)
      text = text.slice(end + 2)
      if (mail !== null && line === '.') {
        mails.push(mail)
        mail = null
        say('250 taken')
      } else if (mail !== null) mail += `${line}\r\n`
      else if (/^DATA/i.test(line)) {
        mail = ''
        say('354 go on')
      } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
      else say('250 ok')
    }
  })
  say('220 localhost')
}

export async function mailbox() {
  const mails = []
  const server = createServer((socket) => serve(socket, mails))
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    url: `smtp://127.0.0.1:${server.address().port}`,
    mails,
    close: () => server.close(),
    // The link of the newest mail to somebody that leads to this page, once so many have one.
    async link(to, page, count = 1) {
      const link = new RegExp(`https?://[^\\s"<]+/${page}\\?token=[\\w-]+`)
      for (let tries = 0; tries < 400; tries++) {
        const own = mails.filter((mail) => mail.includes(`To: ${to}\r\n`))
        const links = own.map((mail) => mail.replaceAll('=\r\n', '').replaceAll('=3D', '=').match(link)?.[0]).filter(Boolean)
        if (links.length >= count) return links.at(-1)
        await pause()
      }
      throw new Error(`no ${page} link for ${to}`)
    },
  }
}
