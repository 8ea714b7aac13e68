// `npm run build`: one executable, dist/berth, that needs nothing else on the machine.
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildConsole } from './build-console.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const usage = `npm run build -- [options]

  --target <platform>   linux-x64, linux-x64-baseline (processors without AVX2), linux-arm64, linux-x64-musl,
                        linux-arm64-musl, darwin-x64, darwin-arm64; default: this machine. Another platform's
                        runtime must be reachable for Bun to fetch.
  --outfile <path>      default: dist/berth
  --runtime <path>      Bun's executable for the target, where it is here already
`
const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    outfile: { type: 'string' },
    runtime: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}

const outfile = values.outfile ?? join(root, 'dist', values.target === undefined ? 'berth' : `berth-${values.target}`)
mkdirSync(dirname(outfile), { recursive: true })
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

// Always anew: in a container the times of the files say nothing.
await buildConsole({ release: true })

const result = await Bun.build({
  entrypoints: [join(root, 'cli/src/main.ts'), ...workers()],
  compile: {
    outfile,
    ...(values.target === undefined ? {} : { target: `bun-${values.target}` }),
    ...(values.runtime === undefined ? {} : { executablePath: values.runtime }),
    // Files in the folder where the program is started must not change its behaviour.
    autoloadDotenv: false,
    autoloadBunfig: false,
  },
  // Names stay: they stand in stack traces and in error messages.
  minify: { whitespace: true, syntax: true, identifiers: false },
  sourcemap: 'none',
  throw: false,
})
if (!result.success) {
  for (const message of result.logs) console.error(message)
  process.exit(1)
}
console.log(`berth ${version}: ${outfile} (${Math.round(statSync(outfile).size / 1024 / 1024)} MiB)`)

/** Files that are started as threads: they must be entry points of their own to be found inside the executable. */
function workers() {
  const files = [...new Bun.Glob('server/src/**/*-worker.ts').scanSync(root)]
  return files.map((file) => join(root, file))
}
