import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { nounOf, nouns, production, root, sources, withoutComments } from './sources.ts'

/** The part of the program that a file of server/src belongs to. */
function layerOf(path: string): string {
  const [, folder = '', ...rest] = /^server\/src\/([^/]+)(\/.*)?$/.exec(path) ?? []
  if (path.startsWith('contract/')) return 'contract'
  if (!path.startsWith('server/src/')) return path.split('/')[0]!
  return rest[0] === undefined ? 'root' : folder
}

/**
 * The folders that each layer may import besides itself. `domain/clock.ts` and `domain/errors.ts` are words for all.
 */
const below: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  runtime: ['contract'],
  config: ['contract'],
  database: ['runtime', 'contract'],
  storage: ['runtime', 'contract'],
  clients: ['runtime', 'contract'],
  domain: ['database', 'storage', 'clients', 'runtime', 'contract'],
  http: ['domain', 'database', 'storage', 'clients', 'runtime', 'contract'],
  workers: ['http', 'database', 'runtime', 'contract'],
  jobs: ['domain', 'database', 'storage', 'clients', 'runtime', 'contract'],
}
const forAll = new Set([
  'server/src/domain/clock.ts',
  'server/src/domain/errors.ts',
  'server/src/logging.ts',
  'server/src/version.ts',
])
/** The actor: every noun takes one, and events name it. */
const forAllNouns = new Set(['server/src/domain/access/actor.ts'])

test('these rules see the imports at all', () => {
  const known = sources.flatMap(({ imports }) => imports)
  expect(known.length).toBeGreaterThan(150)
  // Files that `npm run check` writes are missing in a fresh checkout.
  const written = known.filter((target) => !target.includes('/generated/'))
  expect(written.filter((target) => target.endsWith('.ts') && !existsSync(join(root, target)))).toEqual([])
})

describe('imports point one way', () => {
  test('a layer imports only what lies below it', () => {
    const wrong = production
      .filter(({ path }) => layerOf(path) in below)
      .flatMap(({ path, imports }) =>
        imports
          // The console is bytes to the server, not code.
          .filter((target) => target !== 'web/dist/console.pack')
          .filter((target) => !forAll.has(target) && layerOf(target) !== layerOf(path))
          .filter((target) => !below[layerOf(path)]!.includes(layerOf(target)))
          .map((target) => `${path} must not import ${target}: ${layerOf(path)} does not lie above ${layerOf(target)}`),
      )
    expect(wrong).toEqual([])
  })

  test('a noun of the domain imports only nouns before it', () => {
    const wrong = production.flatMap(({ path, imports }) => {
      const noun = nounOf(path)
      if (noun === undefined) return []
      return imports
        .filter((target) => nounOf(target) !== undefined && !forAllNouns.has(target))
        .filter((target) => nouns.indexOf(nounOf(target)!) > nouns.indexOf(noun))
        .map((target) => `${path} must not import ${target}: ${noun} does not know ${nounOf(target)}`)
    })
    expect(wrong).toEqual([])
  })

  test('every noun of the domain has its place in the order', () => {
    const known = new Set(nouns)
    expect(production.map(({ path }) => nounOf(path)).filter((noun) => noun !== undefined && !known.has(noun))).toEqual(
      [],
    )
  })

  test('the contract imports nothing, not even a built-in module', () => {
    const wrong = production
      .filter(({ path }) => path.startsWith('contract/'))
      .flatMap(({ path, packages }) => packages.map((each) => `${path}: ${each}`))
    expect(wrong).toEqual([])
  })

  /** What the files of these folders of `domain/scanning` import, and may not. */
  const importedByScanning = (folders: string, forbidden: RegExp) => {
    const files = production.filter(({ path }) => new RegExp(`^server/src/domain/scanning/(${folders})/`).test(path))
    expect(files.length).toBeGreaterThan(20)
    return files.flatMap(({ path, imports, packages }) =>
      [...imports, ...packages].filter((target) => forbidden.test(target)).map((target) => `${path}: ${target}`),
    )
  }

  test('what lies in an image is found without database, store and network', () => {
    const outside =
      /^server\/src\/(database|storage|clients)\/|^(node:)?(net|http|https|http2|tls|dgram|dns|child_process)$/
    expect(importedByScanning('detection', outside)).toEqual([])
  })

  test('matching, versions, VEX and reports are pure: they open nothing', () => {
    const opening = /^server\/src\/(database|storage|clients|runtime)\/|^node:(?!crypto$|timers\/promises$)/
    expect(importedByScanning('matching|versions|vex|reports', opening)).toEqual([])
  })

  test('signatures are verified without database, store and network', () => {
    const files = production.filter(({ path }) => path.startsWith('server/src/domain/signatures/verification/'))
    expect(files.length).toBeGreaterThan(10)
    const opening = /^server\/src\/(database|storage|clients|runtime)\/|^node:(?!crypto$)/
    expect(
      files.flatMap(({ path, imports, packages }) =>
        [...imports, ...packages].filter((target) => opening.test(target)).map((target) => `${path}: ${target}`),
      ),
    ).toEqual([])
  })

  test('conformance and bench know a registry only from outside', () => {
    const wrong = sources
      .filter(({ path }) => /^(conformance|bench)\//.test(path))
      .flatMap(({ path, imports }) =>
        imports.filter((target) => target.startsWith('server/')).map((target) => `${path}: ${target}`),
      )
    expect(wrong).toEqual([])
  })

  test('the console knows the contract and itself: it talks to a registry as everybody does', () => {
    const wrong = sources
      .filter(({ path }) => path.startsWith('web/src/'))
      .flatMap(({ path, imports }) =>
        imports.filter((target) => !/^(web|contract)\//.test(target)).map((target) => `${path}: ${target}`),
      )
    expect(wrong).toEqual([])
  })

  test('nothing of server imports the command line', () => {
    const wrong = production
      .filter(({ path }) => path.startsWith('server/'))
      .filter(({ imports }) => imports.some((target) => target.startsWith('cli/')))
    expect(wrong.map(({ path }) => path)).toEqual([])
  })
})

/** Files that parse without a budget, with the reason why their text is our own. */
const ownText: Readonly<Record<string, string>> = {
  'contract/src/budget.ts': 'here is the budget',
  'contract/src/json-structure.ts': 'one string of a text within its budget',
  'server/src/domain/policies/tag-immutability.ts': 'a column of rules',
  'server/src/runtime/yaml-worker.ts': 'in a thread with a deadline, within a budget of bytes, depth and values',
  'server/src/config/settings-file.ts': 'the configuration is of whoever starts the process',
  'server/src/logging.ts': 'a line that the logger wrote',
  'server/src/database/postgres-signals.ts': 'a word of another process of this registry',
  'server/src/http/ui/pack.ts': 'console and documentation as they were built',
  'cli/src/commands/docs.ts': 'the documentation as it was built',
  'server/src/http/harbor-import/own-api.ts': 'an answer of our own API',
  'server/src/domain/jobs/job.ts': 'a column that a job wrote',
  'server/src/domain/identities/oidc.ts': 'a setting, parsed within its budget when it was set',
  'server/src/domain/projects/project-access.ts': 'a column of roles',
  'server/src/domain/retention/policies.ts': 'a column of policies',
  'server/src/domain/artifacts/referrers.ts': 'a column written from a parsed manifest',
  'server/src/domain/backup/backup-format.ts': 'an archive of ours, read by a process that serves nobody',
  'server/src/domain/backup/table-files.ts': 'an archive of ours, read by a process that serves nobody',
  'server/src/domain/scanning/packed-json.ts': 'a column of ours, written by the function beside it',
  'server/src/domain/scanning/data/advisory-file.ts': 'a column written from what an import parsed within its budget',
  'server/src/domain/scanning/detection/formats/json.ts':
    'a file of an image, in a thread, within a budget of bytes and values, as lenient as package managers are',
  'server/src/domain/scanning/detection/formats/yaml.ts':
    'a file of an image, in a thread with a deadline, within a budget of bytes',
  'server/src/http/harbor/frame/openapi.ts': 'writes our own description as YAML',
  ...Object.fromEntries(
    [
      ...['access/tokens/signing-keys', 'identities/pending-sign-ins', 'settings/settings', 'webhooks/sealed-targets'],
    ].map((file) => [`server/src/domain/${file}.ts`, 'a column of ours, opened']),
  ),
  'cli/src/output.ts': 'writes YAML, reads none',
}

describe('what may be said only in one place', () => {
  const saying = (pattern: RegExp, allowed: (path: string) => boolean) =>
    production.filter(({ path, text }) => !allowed(path) && pattern.test(withoutComments(text))).map(({ path }) => path)

  test('calls to Bun: server/src/runtime', () => {
    expect(saying(/\bBun\.|from 'bun(:[a-z]+)?'/, (path) => path.startsWith('server/src/runtime/'))).toEqual([])
  })

  test('the name of a kind of job: the noun that defines it', () => {
    const kinds = production.flatMap(({ path, text }) =>
      [...text.matchAll(/\bdefineJob\(\s*'([\w-]+)'/g)].map(([, kind]) => ({ kind: kind!, path })),
    )
    expect(kinds.length).toBeGreaterThan(4)
    const again = kinds
      // One word is a word of many things: a tag of the API, a folder.
      .filter(({ kind }) => kind.includes('-'))
      .flatMap(({ kind, path }) => saying(new RegExp(`'${kind}'`), (other) => other === path))
      // A migration says what a word was when it was written.
      .filter((path) => !path.startsWith('server/src/database/migrations/'))
      // A task of the same name, which is no job.
      .filter((path) => path !== 'server/src/compose/background-tasks.ts')
    expect(again).toEqual([])
  })

  test('the environment: server/src/config', () => {
    expect(saying(/\b(process|Bun)\.env\b/, (path) => path.startsWith('server/src/config/'))).toEqual([])
  })

  test('keys of stored bytes: storage/layout.ts, and storage/foreign for those of other programs', () => {
    const keys = /(`[^`]*`|'[^']*') as (BlobLocation|UploadId)\b|return `[^`]*(blobs|staged|uploads)\//
    const allowed = /^server\/src\/storage\/(layout\.ts$|foreign\/)/
    expect(saying(keys, (path) => allowed.test(path))).toEqual([])
  })

  test('JSON and YAML that somebody else wrote: contract/src/budget.ts and server/src/runtime/yaml-worker.ts', () => {
    // `row.` and `entry.` are columns of our own tables, written from what was parsed within its budget.
    const bare = /\bJSON\.parse\((?!(?:row|entry)\.\w+\))|\.json\(\)|from 'yaml'/
    const found = production.filter(({ path, text }) => !path.startsWith('web/') && bare.test(withoutComments(text)))
    expect(found.map(({ path }) => path).filter((path) => !Object.hasOwn(ownText, path))).toEqual([])
    // A reason that is not needed any more goes.
    const known = new Set(found.map(({ path }) => path))
    expect(Object.keys(ownText).filter((path) => !known.has(path))).toEqual([])
  })

  test('the end of a text is not looked for by an expression that begins anew at each character', () => {
    // `/x+$/` takes time in the square of the x that something else follows.
    expect(saying(/[(=,]\s*\/(\\?[^\s^/|()]|\[[^\]]+\])[+*]\$\//, () => false)).toEqual([])
  })

  test('time comes through the clock in the domain, and chance from a cryptographic source', () => {
    const ambient = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/
    expect(saying(ambient, (path) => !path.startsWith('server/src/domain/') || path.endsWith('/clock.ts'))).toEqual([])
  })
})

describe('what a reader relies on', () => {
  test('a role of /v2 has one to five methods', () => {
    const textOf = (path: string) => readFileSync(join(root, 'server/src', path), 'utf8')
    const roles = ['domain/artifacts/roles.ts', 'domain/content/roles.ts'].map(textOf).join('\n')
    const [, services = ''] = /interface OciServices \{([\s\S]*?)\n\}/.exec(textOf('http/oci/oci-request.ts')) ?? []
    const counts = [...roles.matchAll(/^export interface (\w+) \{([\s\S]*?)\n\}/gm)]
      .filter(([, name]) => new RegExp(`: ${name}$`, 'm').test(services))
      .map(([, name, body]) => ({ name, methods: [...body!.matchAll(/^  \w+\(/gm)].length }))
    expect(counts.length).toBeGreaterThan(7)
    expect(counts.filter(({ methods }) => methods < 1 || methods > 5)).toEqual([])
  })

  test('a file can be read in one sitting: no more than 400 lines, tests 600', () => {
    const long = sources
      .map(({ path, text, isTest }) => ({ path, lines: text.split('\n').length, most: isTest ? 600 : 400 }))
      .filter(({ lines, most }) => lines > most)
    expect(long).toEqual([])
  })

  test('links between our pages lead somewhere', () => {
    const broken = filesWithSuffix('.md').flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8').replace(/```[\s\S]*?```/g, '')
      return [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1]!)
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target)))
        .map((target) => `${page}: ${target}`)
    })
    expect(broken).toEqual([])
  })

  test('no test is left focused', () => {
    const focused = sources.filter(
      ({ text, isTest }) => isTest && /\b(test|describe|it)\.only\(/.test(text.replace('describe|it', '')),
    )
    expect(focused.map(({ path }) => path)).toEqual([])
  })
})

function filesWithSuffix(suffix: string, folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory())
      return /^(node_modules|\.git|\.cache|dist|berth-data|out)$/.test(entry.name) ? [] : filesWithSuffix(suffix, path)
    return entry.name.endsWith(suffix) ? [relative(root, path)] : []
  })
}
