// What every page must be like, whichever it is, and the count of what was looked at.
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const shots = process.env.PAGES_SHOTS
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const counted = { passed: 0, failed: 0 }

export async function check(name, work) {
  try {
    await work()
    counted.passed++
  } catch (error) {
    counted.failed++
    console.log(`FAILED ${name}\n${error.stack ?? error}`)
  }
}

export function equal(have, want, what) {
  if (have !== want) throw new Error(`${what}: ${JSON.stringify(have)} is not ${JSON.stringify(want)}`)
}

// Words of every English sentence of the pages, none of which is German.
const english = /\b(the|your?|you are|is|are|and|with|this|that|from|to|of|sign|session|on|device|accounts?|unknown|never|today|yesterday)\b/i

// Fails where a page in German has a line of English.
export async function isGerman(page, what) {
  const text = await page.evaluate(() => {
    const copy = document.body.cloneNode(true)
    for (const technical of copy.querySelectorAll('code, .secret, script')) technical.remove()
    const labels = [...copy.querySelectorAll('[aria-label]')].map((element) => element.getAttribute('aria-label'))
    return [copy.innerText, document.title, ...labels].join('\n')
  })
  const left = text.split('\n').filter((line) => english.test(line))
  equal(left.join('\n'), '', `English on ${what}`)
}

export function inspector(page, { scripts, width, scheme, name, folder = '' }) {
  async function violations() {
    return page.evaluate(async (source) => {
      // Evaluated by the driver, not by the page: its policy stays as it is.
      const run = new Function(`${source}; return axe`)()
      const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
      const { violations } = await run.run(document, { runOnly: { type: 'tag', values: tags } })
      return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((node) => node.html).join(' | ')}`)
    }, axe)
  }

  async function look(what) {
    if (!scripts) return
    if (shots) {
      mkdirSync(`${shots}${folder}`, { recursive: true })
      const place = `${shots}${folder}/${what.replaceAll(' ', '-')}-${width}-${scheme}.png`
      await page.screenshot({ path: place, fullPage: true })
    }
    await check(`${what}: axe (${name})`, async () => {
      const found = await violations()
      equal(found.join('\n'), '', 'findings')
    })
    await check(`${what}: fits its width (${name})`, async () => {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      if (wide > 0) throw new Error(`${wide} pixels too wide`)
    })
    await check(`${what}: stands in the middle, and its lines are not too long to read (${name})`, async () => {
      const { left, right, longest } = await page.evaluate(() => {
        const box = document.querySelector('main').getBoundingClientRect()
        const lines = [...document.querySelectorAll('main p')].filter((line) => line.checkVisibility())
        const letters = (line) => {
          const text = document.createRange()
          text.selectNodeContents(line)
          return text.getBoundingClientRect().width / (parseFloat(getComputedStyle(line).fontSize) / 2)
        }
        return { left: box.left, right: document.documentElement.clientWidth - box.right, longest: Math.max(0, ...lines.map(letters)) }
      })
      if (Math.abs(left - right) > 1) throw new Error(`${left} pixels at the left, ${right} at the right`)
      if (longest > 100) throw new Error(`a line of about ${Math.round(longest)} letters`)
    })
    await check(`${what}: targets are large enough (${name})`, async () => {
      const small = await page.evaluate(() =>
        [...document.querySelectorAll('button, summary, select, input:not([type=hidden])')]
          .filter((element) => element.checkVisibility())
          .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24)
          .map(([html]) => html),
      )
      equal(small.join('\n'), '', 'small targets')
    })
  }
  return { violations, look }
}
