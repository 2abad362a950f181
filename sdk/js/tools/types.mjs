// Makes src/api.ts from the server's API description: the types of the calls that the SDK makes, and what they refer to.
// The description comes from DOORWARD_URL, from the file DOORWARD_OPENAPI, or from the server program
// (DOORWARD_SERVER_BIN, by default the one that cargo built). With --check it compares, and fails where they differ.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const target = fileURLToPath(new URL('../src/api.ts', import.meta.url))
const built = fileURLToPath(new URL('../../../target/debug/doorward-server', import.meta.url))
const roots = [
  ...['LoginRequest', 'RegisterRequest', 'RegisterResponse', 'TokenResponse', 'PasswordRequest', 'Profile', 'ProfilePatch'],
  ...['Page_OwnSession', 'MintRequest', 'MintedKey', 'ApiKey', 'KeyPatch', 'Page_ApiKey', 'OAuthToken', 'TokenInfo', 'ErrorCode'],
]

async function description() {
  const { DOORWARD_URL: url, DOORWARD_OPENAPI: file, DOORWARD_SERVER_BIN: program = built } = process.env
  if (url) return (await fetch(`${url}/openapi.json`)).json()
  if (file) return JSON.parse(readFileSync(file, 'utf8'))
  // In an empty folder: the program would read a Rocket.toml, and take these for its settings.
  const cwd = mkdtempSync(join(tmpdir(), 'doorward-types-'))
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DOORWARD_')))
  try {
    return JSON.parse(execFileSync(program, ['openapi'], { cwd, env, maxBuffer: 2 ** 26, encoding: 'utf8' }))
  } finally {
    rmSync(cwd, { recursive: true })
  }
}

const { components } = await description()
const used = new Set()

function name(reference) {
  const found = reference.split('/').pop()
  use(found)
  return found
}

function use(found) {
  if (used.has(found)) return
  if (!components.schemas[found]) throw new Error(`the description has no ${found}`)
  used.add(found)
  texts.set(found, declared(found, components.schemas[found]))
}

function doc(schema, indent) {
  if (!schema.description) return ''
  const text = schema.description.replaceAll('*/', '*\\/').split('\n')
  const lines = text.map((line) => line.trim())
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`
  return `${indent}/**\n${lines.map((line) => `${indent} *${line && ` ${line}`}\n`).join('')}${indent} */\n`
}

const plain = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' }

function type(schema, indent) {
  if (schema.$ref) return name(schema.$ref)
  for (const key of ['oneOf', 'anyOf']) if (schema[key]) return union(schema[key].map((one) => type(one, indent)))
  if (schema.allOf) return schema.allOf.map((one) => type(one, indent)).join(' & ')
  if (schema.enum) return union(schema.enum.map((one) => JSON.stringify(one).replaceAll('"', "'")))
  if (Array.isArray(schema.type)) return union(schema.type.map((one) => type({ ...schema, type: one }, indent)))
  if (schema.type === 'array') {
    const item = type(schema.items, indent)
    return /^\w+$/.test(item) ? `${item}[]` : `(${item})[]`
  }
  if (schema.properties) return members(schema, indent)
  if (schema.type === 'object') return 'Record<string, unknown>'
  return plain[schema.type] ?? 'unknown'
}

function union(types) {
  // `null` last, as people write it.
  return [...new Set(types)].sort((a, b) => (a === 'null') - (b === 'null')).join(' | ')
}

function members(schema, indent) {
  const inner = `${indent}  `
  const lines = Object.entries(schema.properties).map(([key, one]) => {
    const optional = schema.required?.includes(key) ? '' : '?'
    return `${doc(one, inner)}${inner}${key}${optional}: ${type(one, inner)}\n`
  })
  return `{\n${lines.join('')}${indent}}`
}

function declared(found, schema) {
  const head = doc(schema, '')
  return schema.properties && !schema.allOf
    ? `${head}export interface ${found} ${members(schema, '')}\n`
    : `${head}export type ${found} = ${type(schema, '')}\n`
}

const texts = new Map()
roots.forEach(use)
const all = [...texts.keys()].sort().map((one) => texts.get(one))
const text = `// Made from the server's /openapi.json by tools/types.mjs: do not edit.\n\n${all.join('\n')}`
if (!process.argv.includes('--check')) {
  writeFileSync(target, text)
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('src/api.ts is not what the server describes: npm run generate')
  process.exit(1)
}
