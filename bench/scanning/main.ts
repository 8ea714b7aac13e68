import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { conditions } from '../conditions.ts'
import { resetPeakMemory, usageOf } from '../process-usage.ts'
import { berth } from '../subjects/berth.ts'
import { freePort } from '../subjects/server-process.ts'
import { makeImage, makeLayer, writeLayout, type Image, type Layer } from './images.ts'
import { ScannedRegistry } from './registry.ts'

const usage = `Scans images in Berth, and the same images with Trivy where its program is named, on the same data.

  npm run bench -- scanning --db <db.tar.gz> [--trivy <program>] [--images 1000] [--rounds 5] [--large 2048] [--quick]

  --db <file>       the database of Trivy, as it is published (tar.gz)
  --trivy <path>    Trivy; without it no ratios
  --images <n>      of a scan of everything, each with a layer of its own over a base that all share
  --large <MiB>     of the image whose scan is looked at for memory
  --quick           that it runs; its numbers mean nothing
`

const { values: options } = parseArgs({
  options: {
    db: { type: 'string' },
    trivy: { type: 'string' },
    images: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '5' },
    large: { type: 'string', default: '2048' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (options.help || options.db === undefined) {
  console.log(usage)
  process.exit(options.help ? 0 : 2)
}
const mib = 1024 * 1024
const db = resolve(options.db)
const images = options.quick ? 20 : Number(options.images)
const rounds = options.quick ? 1 : Number(options.rounds)
const largeMib = options.quick ? 64 : Number(options.large)
const median = (values: readonly number[]): number => values.toSorted((one, other) => one - other)[values.length >> 1]!
const said = (seconds: number): string => `${seconds.toFixed(2)} s`

const folder = await mkdtemp(join(tmpdir(), 'berth-bench-scanning-'))
const command = [process.execPath, resolve(import.meta.dir, '../../cli/src/main.ts')]
const start = async () =>
  await berth({ command, authorization: 'basic' }).start({
    folder: join(folder, 'berth'),
    port: await freePort(),
    tls: undefined,
  })
let subject = await start()
try {
  for (const [name, value] of Object.entries(await conditions(folder))) console.log(`- ${name}: ${value}`)
  const registry = new ScannedRegistry(subject)
  console.log(`\nimport of the data: ${said(await registry.importData(db))}`)
  await besideTrivy(registry)
  await everything(registry)
  await memory(registry)
} finally {
  await subject.stop()
  await rm(folder, { recursive: true, force: true })
}

/** A first scan, and one of an image that shares nine tenths of its bytes with it. */
async function besideTrivy(registry: ScannedRegistry): Promise<void> {
  const times: Record<string, number[]> = { first: [], second: [], trivyFirst: [], trivySecond: [] }
  for (let round = 0; round < rounds; round += 1) {
    const base = await makeLayer(`base${round}`, 200, 90 * mib)
    const pair = await Promise.all(
      ['one', 'two'].map(async (name) => makeImage([base, await makeLayer(`${name}${round}`, 20, 10 * mib)])),
    )
    for (const [at, image] of pair.entries()) {
      const tag = `r${round}-${at}`
      await registry.push(tag, image)
      times[at === 0 ? 'first' : 'second']!.push(await registry.scan(tag))
      if (options.trivy === undefined) continue
      const layout = join(folder, tag)
      await writeLayout(layout, image)
      times[at === 0 ? 'trivyFirst' : 'trivySecond']!.push(await trivy(layout, join(folder, `cache-${round}`)))
      await rm(layout, { recursive: true })
    }
  }
  const ratio = (own: string, other: string) =>
    times[other]!.length === 0 ? '' : (median(times[other]!) / median(times[own]!)).toFixed(1)
  const other = (name: string) => (times[name]!.length === 0 ? '' : said(median(times[name]!)))
  console.log(`\n| scan of 100 MB, median of ${rounds} | Berth | Trivy | Trivy / Berth |\n|---|---|---|---|`)
  console.log(`| first | ${said(median(times['first']!))} | ${other('trivyFirst')} | ${ratio('first', 'trivyFirst')} |`)
  console.log(
    `| second, 90 % shared | ${said(median(times['second']!))} | ${other('trivySecond')} | ${ratio('second', 'trivySecond')} |`,
  )
  if (options.trivy !== undefined) console.log(`\nstart of Trivy alone: ${said(await startOfTrivy())}`)
}

/** Its start alone: a command that looks into an empty folder. */
async function startOfTrivy(): Promise<number> {
  const [empty, cache] = [join(folder, 'empty'), join(folder, 'cache-start')]
  await Bun.$`mkdir -p ${empty} ${cache}/db && tar -xzf ${db} -C ${cache}/db`.quiet()
  const startedAt = performance.now()
  await Bun.$`${options.trivy!} fs --quiet --cache-dir ${cache} --skip-db-update --skip-java-db-update --offline-scan --scanners vuln ${empty}`.quiet()
  return (performance.now() - startedAt) / 1_000
}

/** With its data unpacked, and nothing known of any layer that it has not seen in this round. */
async function trivy(layout: string, cache: string): Promise<number> {
  await Bun.$`mkdir -p ${cache}/db && test -e ${cache}/db/trivy.db || tar -xzf ${db} -C ${cache}/db`.quiet()
  const startedAt = performance.now()
  await Bun.$`${options.trivy!} image --quiet --cache-dir ${cache} --skip-db-update --skip-java-db-update --offline-scan --scanners vuln --format json --input ${layout}`.quiet()
  return (performance.now() - startedAt) / 1_000
}

/** A scan of everything, stopped in the middle, gone on with, and repeated on the same and on newer data. */
async function everything(registry: ScannedRegistry): Promise<void> {
  const base = await makeLayer('shared', 200, mib)
  for (let at = 0; at < images; at += 1)
    await registry.push(`all-${at}`, makeImage([base, await makeLayer(`own${at}`, 20, 10_000)]))
  const half = images / 2
  const stopped = await registry.scanAll(({ completed, ongoing }) => completed >= half || !ongoing)
  await registry.stopScanAll()
  while ((await registry.scanAllProgress()).ongoing) await Bun.sleep(100)
  const rest = await registry.scanAll()
  const again = await registry.scanAll()
  await registry.importData(db)
  const newer = await registry.scanAll()
  const total = stopped.seconds + rest.seconds
  console.log(`\n| scan of ${images} images | time | of the first |\n|---|---|---|`)
  console.log(`| stopped after ${stopped.completed} | ${said(stopped.seconds)} | |`)
  console.log(`| the other ${rest.total} | ${said(rest.seconds)} | |`)
  console.log(
    `| again, same data: ${again.total} looked into | ${said(again.seconds)} | ${(again.seconds / total).toFixed(3)} |`,
  )
  console.log(
    `| again, newer data: ${newer.total} matched | ${said(newer.seconds)} | ${(newer.seconds / total).toFixed(3)} |`,
  )
}

/** The peak of resident memory while an image of many large layers is scanned. */
async function memory(registry: ScannedRegistry): Promise<void> {
  const layers: Layer[] = []
  const layerMib = 256
  for (let at = 0; at * layerMib < largeMib; at += 1)
    layers.push(await makeLayer(`large${at}`, 200, Math.min(layerMib, largeMib - at * layerMib) * mib))
  const image: Image = makeImage(layers)
  await registry.push('large', image)
  layers.length = 0
  // A process that has taken the pushes keeps some of their memory.
  await subject.stop()
  subject = await start()
  const own = new ScannedRegistry(subject)
  await own.scan('all-0')
  await resetPeakMemory(subject.pid)
  const quiet = (await usageOf(subject.pid)).peakMemoryBytes
  const seconds = await own.scan('large')
  const { peakMemoryBytes } = await usageOf(subject.pid)
  const shown = (bytes: number) => `${Math.round(bytes / mib)} MiB`
  console.log(
    `\nscan of ${largeMib} MiB: ${said(seconds)}, peak of memory ${shown(peakMemoryBytes)} (before it ${shown(quiet)})`,
  )
}
