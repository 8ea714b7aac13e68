import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Bench } from './bench.ts'
import { conditions } from './conditions.ts'
import { fullPlan, quickPlan, withoutTls } from './plan.ts'
import { markdownTable, markdownVerdicts, summarise } from './report.ts'
import { berth } from './subjects/berth.ts'
import { beside } from './subjects/beside.ts'
import { distribution } from './subjects/distribution.ts'
import { nginx } from './subjects/nginx.ts'
import { makeCertificate } from './tls-certificate.ts'
import { benchLists } from './workloads/lists.ts'
import { benchMixed } from './workloads/mixed.ts'
import { benchBlobPushes, benchImagePushes } from './workloads/pushes.ts'
import { benchReads, readWorkloads } from './workloads/reads.ts'

const usage = `Drives Berth and Debian's docker-registry with the same closed-loop client and prints ratios.

  npm run bench -- [options]
  npm run bench -- scale [options]     Berth alone, over PostgreSQL with 10,000 and with 10 million manifests
  npm run bench -- garbage [options]   garbage collection, beside pushes and pulls
  npm run bench -- scanning [options]  scans, beside Trivy

  --quick             a smoke test of under a minute; its numbers mean nothing
  --only <words>      only workloads whose name contains one of these words (comma-separated)
  --rounds <n>        pairs of measurements per line (default ${fullPlan.rounds})
  --beside <name=url> another registry that runs already, with a table of its own; may be given again. Without TLS.
  --files             nginx too, which serves the same bytes as files: the most that reads can reach
  --workers <n>       processes of Berth (default 1)
  --plain             no workloads over TLS
  --subject <name>    only berth or only distribution: no ratios
  --berth <command>   how to start Berth (default: this source tree)
  --authorization <a> bearer (default) or basic, for Berth
  --folder <path>     where the data folders lie (default: a new folder in the system's temporary folder)
  --json <file>       all measurements, "-" for standard output
`

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    beside: { type: 'string', multiple: true, default: [] },
    files: { type: 'boolean', default: false },
    workers: { type: 'string', default: '1' },
    plain: { type: 'boolean', default: false },
    subject: { type: 'string' },
    berth: { type: 'string' },
    authorization: { type: 'string', default: 'bearer' },
    folder: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(usage)
  process.exit(0)
}
if (options.authorization !== 'bearer' && options.authorization !== 'basic') {
  throw new Error('--authorization is bearer or basic')
}

const berthCommand = options.berth?.split(' ') ?? [process.execPath, resolve(import.meta.dir, '../cli/src/main.ts')]
const environment = { BERTH_WORKERS: options.workers }
const own = [berth({ command: berthCommand, authorization: options.authorization, environment }), distribution].filter(
  ({ name }) => options.subject === undefined || options.subject === name,
)
const others = options.beside.map((given) => {
  const [name = '', ...url] = given.split('=')
  return beside(name, url.join('='))
})
const kinds = [...own, ...others]
const files = options.files ? [nginx(Number(options.workers))] : []
if (own.length === 0) throw new Error('--subject is berth or distribution')
if (kinds.includes(distribution) && Bun.which('docker-registry') === null) {
  console.error('docker-registry is not installed (Debian: apt-get install docker-registry); or use --subject berth')
  process.exit(1)
}

const words = options.only?.split(',').map((word) => word.trim().toLowerCase())
const wanted = (workload: string) => words === undefined || words.some((word) => workload.toLowerCase().includes(word))
const plan = options.quick ? quickPlan : fullPlan
const folder = await mkdtemp(join(options.folder ?? tmpdir(), 'berth-bench-'))
try {
  const bench = new Bench({
    plan: {
      ...(options.plain || others.length > 0 || options.files ? withoutTls(plan) : plan),
      rounds: options.rounds === undefined ? plan.rounds : Number(options.rounds),
    },
    kinds,
    readers: [...kinds, ...files],
    folder,
    tls: await makeCertificate(folder),
    progress: (row) => console.error(markdownTable([row]).split('\n').at(-1)),
  })
  const started = performance.now()
  if (readWorkloads.some(wanted)) await benchReads(bench, wanted)
  await benchImagePushes(bench, wanted)
  await benchBlobPushes(bench, wanted)
  await benchLists(bench, wanted)
  await benchMixed(bench, wanted)
  const circumstances = await conditions(folder)
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  if (options.json !== '-') {
    console.log(
      Object.entries(circumstances)
        .map(([name, value]) => `- ${name}: ${value}`)
        .join('\n'),
    )
    console.log(`- duration: ${minutes} minutes, ${bench.plan.rounds} rounds\n`)
    console.log(`${markdownTable(bench.rows)}\n\n${markdownVerdicts(bench.rows)}`)
    for (const { name } of [...others, ...files])
      console.log(`\n## Beside ${name}\n\n${markdownTable(bench.rows, name)}`)
  }
  if (options.json !== undefined) {
    const report = JSON.stringify(
      { conditions: circumstances, results: bench.rows.map((row) => summarise(row)) },
      null,
      2,
    )
    if (options.json === '-') console.log(report)
    else await writeFile(options.json, report)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
