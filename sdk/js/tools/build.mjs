// Compiles src to dist. dist is committed, so that the package works from a clone without a build; with --check this
// compiles elsewhere and fails where dist is another.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const package_ = createRequire(import.meta.url).resolve('typescript/package.json')
const compiler = join(dirname(package_), 'bin/tsc')

function compile(folder) {
  const options = ['--project', root, '--outDir', folder]
  execFileSync(process.execPath, [compiler, ...options], { cwd: root, stdio: 'inherit' })
}

function contents(folder) {
  return Object.fromEntries(readdirSync(folder).sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

if (!process.argv.includes('--check')) {
  rmSync(dist, { recursive: true, force: true })
  compile(dist)
} else {
  // Beside dist: source maps hold the way to src.
  const folder = mkdtempSync(join(root, '.check-'))
  try {
    compile(folder)
    const [have, want] = [contents(dist), contents(folder)]
    const names = new Set([...Object.keys(have), ...Object.keys(want)])
    const other = [...names].filter((name) => have[name] !== want[name])
    if (other.length > 0) throw new Error(`dist is not what src compiles to (npm run build): ${other.join(', ')}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
