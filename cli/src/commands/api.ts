import { InvalidArgumentError } from 'commander'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { CommandError } from '../command-error.ts'
import { collect } from '../flag-values.ts'
import { readDocument } from '../json-file.ts'
import { formatYaml } from '../output.ts'
import type { RegistryCommand } from '../registry-command.ts'
import { print } from '../standard-output.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** What has no command of its own: any operation, with the login and the certificate of the context. */
export const apiCommand: RegistryCommand = {
  usage: 'api <path>',
  description: 'call any operation of the API with the login in use; its answer is printed as it comes',
  example:
    "berth api /projects --query name=backend\n  berth api /configurations --method PUT --input settings.json\n  berth api '/jobs?status=failed'",
  configure: (command) =>
    void command
      .option('-X, --method <method>', `one of ${methods.join(', ')} (default: GET, with --input POST)`, parseMethod)
      .option('--query <pair>', 'a parameter, name=value; repeatable', collect, [])
      .option('--input <file>', 'JSON or YAML of the body; - is standard input'),
  run: async (api, [path = ''], flags) => {
    const { method, query, input } = flags as { method?: string; query: readonly string[]; input?: string }
    const target = targetOf(path, query)
    const body = input === undefined ? undefined : await readDocument(input)
    const response = await api.raw(method ?? (input === undefined ? 'GET' : 'POST'), target, body)
    const location = response.headers.get('location')
    if (location !== null) console.error(`Location: ${location}`)
    const isYaml = flags['output'] === 'yaml' && (response.headers.get('content-type') ?? '').includes('json')
    if (isYaml) print(formatYaml(parseForeignJson(await response.text(), budgets.movingAnswer)))
    else for await (const piece of response.body ?? []) process.stdout.write(piece as Uint8Array)
    return undefined
  },
}

function parseMethod(text: string): string {
  const method = text.toUpperCase()
  if (methods.includes(method)) return method
  throw new InvalidArgumentError(`It is one of ${methods.join(', ')}.`)
}

/** With or without the prefix of the API. @throws CommandError */
function targetOf(path: string, query: readonly string[]): string {
  if (!path.startsWith('/'))
    throw new CommandError(`${JSON.stringify(path)} is no path`, {
      next: 'paths begin with a slash: /projects',
      kind: 'usage',
    })
  const url = new URL(path.replace(/^\/api\/v2\.0(?=\/)/, ''), 'http://registry.invalid')
  for (const pair of query) {
    const equals = pair.indexOf('=')
    if (equals <= 0) throw new CommandError(`${JSON.stringify(pair)} is no name=value`, { kind: 'usage' })
    url.searchParams.append(pair.slice(0, equals), pair.slice(equals + 1))
  }
  return `${url.pathname}${url.search}`
}
