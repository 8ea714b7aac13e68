import { Database } from 'bun:sqlite'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { conditions } from '../conditions.ts'
import { berth } from '../subjects/berth.ts'
import { distribution } from '../subjects/distribution.ts'
import { freePort } from '../subjects/server-process.ts'
import type { Subject } from '../subjects/subject.ts'
import { each, Pusher, type SmallImage } from './content.ts'
import { addRows } from './rows.ts'
import { traffic, warmUpMs, type Seen } from './traffic.ts'

const usage = `Garbage collection of Berth beside pushes and pulls, and of Debian's docker-registry, which must be read-only meanwhile.

  npm run bench -- garbage [--images 10000] [--share 1,50] [--sizes 1,10,100] [--quick]
`

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '10000' },
    share: { type: 'string', default: '1,50' },
    sizes: { type: 'string', default: '1,10,100' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
if (options.help) {
  console.log(usage)
  process.exit(0)
}
const images = options.quick ? 200 : Number(options.images)
const layerBytes = 20_000
const connections = 16
const quietMs = options.quick ? 2_000 : 10_000
/** So short that what was just pushed and deleted can go at once; pushes end within it. */
const leaseMs = 15_000
const command = [process.execPath, resolve(import.meta.dir, '../../cli/src/main.ts')]
const environment = {
  BERTH_TRASH_WINDOW: '0s',
  BERTH_GARBAGE_COLLECTION_LEASE: `${leaseMs / 1_000}s`,
  BERTH_GARBAGE_COLLECTION_INTERVAL: '24h',
  BERTH_GARBAGE_COLLECTION_LINGER: '1s',
}
const urlOf = ({ endpoint }: Subject) => `http://${endpoint.host}:${endpoint.port}`
const pusherOf = (subject: Subject) => new Pusher(urlOf(subject), subject.administratorAuthorization())
const folderBytes = async (folder: string) => Number((await Bun.$`du -sb ${folder}`.text()).split('\t')[0])

async function fill(pusher: Pusher): Promise<SmallImage[]> {
  const filled: SmallImage[] = []
  await pusher.pushBase()
  await each(
    Array.from({ length: images }, (_, at) => at),
    connections,
    async (at) => {
      filled.push(await pusher.pushImage(`v${at}`, layerBytes))
    },
  )
  return filled
}

/** A run of Berth's, from the button to its end. */
async function collect(pusher: Pusher): Promise<{ ms: number; blobs: number; bytes: number }> {
  const started = performance.now()
  const answer = await pusher.request('/api/v2.0/system/gc/schedule', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schedule: { type: 'Manual' }, parameters: { workers: 2 } }),
  })
  const place = answer.headers.get('location') ?? ''
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`)
  for (;;) {
    const run = (await (await pusher.request(place)).json()) as { job_status: string; job_parameters: string }
    if (run.job_status === 'Success') {
      const { purged_blobs: blobs, freed_space: bytes } = JSON.parse(run.job_parameters) as Record<string, number>
      return { ms: performance.now() - started, blobs: blobs!, bytes: bytes! }
    }
    if (run.job_status === 'Error' || run.job_status === 'Stopped') throw new Error(run.job_status)
    await Bun.sleep(20)
  }
}

const lines: string[] = []
const say = (line: string) => {
  lines.push(line)
  console.error(line)
}
const row = (...cells: readonly (string | number)[]) => say(`| ${cells.join(' | ')} |`)
const ms = (value: number) => (value < 100 ? value.toFixed(1) : value.toFixed(0))
const mb = (bytes: number) => (bytes / 1e6).toFixed(1)
const cellsOf = (quiet: Seen, during: Seen) => [
  `${ms(quiet.p99Ms)} → ${ms(during.p99Ms)}`,
  (during.p99Ms / quiet.p99Ms).toFixed(2),
  ms(during.longestPullMs),
]

const folder = await mkdtemp(join(tmpdir(), 'berth-bench-garbage-'))
try {
  say(`${images} images, each a layer of ${layerBytes} bytes over a shared one:`)
  say('')
  row('', 'garbage', 'seconds', 'MB freed', 'p99 of pulls ms', 'ratio', 'longest pull ms', 'longest wait of a push')
  row('---', '---', '---', '---', '---', '---', '---', '---')
  for (const share of options.share.split(',').map(Number)) {
    for (const kind of [berth({ command, authorization: 'basic', environment }), distribution]) {
      const own = join(folder, `${kind.name}-${share}`)
      await Bun.$`mkdir -p ${own}`
      const subject = await kind.start({ folder: own, port: freePort(), tls: undefined })
      const data = join(own, 'data')
      let running = subject
      try {
        const pusher = pusherOf(subject)
        const filled = await fill(pusher)
        const garbage = filled.slice(0, Math.round((images * share) / 100))
        const living = filled.slice(garbage.length)
        await each(garbage, connections, (image) => pusher.delete(image))
        if (kind.name === 'berth') await Bun.sleep(leaseMs + 1_000)
        const quiet = await traffic(pusher, living, () => Bun.sleep(quietMs))
        const before = await folderBytes(data)
        if (kind.name === 'berth') {
          const runs: Awaited<ReturnType<typeof collect>>[] = []
          const during = await traffic(pusher, living, async () => {
            runs.push(await collect(pusher))
            // Until the bytes of what went may go too.
            await Bun.sleep(1_100)
            runs.push(await collect(pusher))
          })
          const [rows, bytes] = [runs[0]!, runs[1]!]
          const seconds = (rows.ms + bytes.ms) / 1_000
          const push = `${ms(during.longestPushMs)} ms, ${during.failedPushes} failed`
          row('Berth', `${share} %`, seconds.toFixed(1), mb(rows.bytes), ...cellsOf(quiet, during), push)
        } else {
          // As its manual says: read-only, or images pushed meanwhile are destroyed.
          const config = join(own, 'config.yml')
          const writable = await readFile(config, 'utf8')
          const stopped = performance.now()
          await running.stop()
          const given = JSON.parse(writable) as { storage: Record<string, unknown> }
          given.storage['maintenance'] = { readonly: { enabled: true }, uploadpurging: { enabled: false } }
          const port = Number(new URL(urlOf(subject)).port)
          await writeFile(config, JSON.stringify(given))
          const child = Bun.spawn(['docker-registry', 'serve', config], { stdout: 'ignore', stderr: 'ignore' })
          while (
            !(await fetch(`http://127.0.0.1:${port}/v2/`).then(
              () => true,
              () => false,
            ))
          )
            await Bun.sleep(5)
          let took = 0
          const during = await traffic(pusher, living, async () => {
            const began = performance.now()
            await Bun.$`docker-registry garbage-collect ${config}`.quiet()
            took = performance.now() - began
          })
          child.kill('SIGTERM')
          await child.exited
          await writeFile(config, writable)
          running = await kind.start({ folder: own, port, tls: undefined })
          const stall = performance.now() - stopped - warmUpMs
          const freed = before - (await folderBytes(data))
          const push = `${(stall / 1_000).toFixed(1)} s (read-only)`
          row('Distribution', `${share} %`, (took / 1_000).toFixed(1), mb(freed), ...cellsOf(quiet, during), push)
        }
      } finally {
        await running.stop()
      }
      await rm(own, { recursive: true, force: true })
    }
  }

  say('')
  say('A run over the same garbage, 500 images, in stores of more and more (rows by SQL):')
  say('')
  row('images in the store', 'seconds for 500', 'p99 of pulls ms', 'ratio')
  row('---', '---', '---', '---')
  for (const size of options.sizes.split(',').map(Number)) {
    const own = join(folder, `size-${size}`)
    await Bun.$`mkdir -p ${own}`
    const kind = berth({ command, authorization: 'basic', environment })
    const port = freePort()
    let subject = await kind.start({ folder: own, port, tls: undefined })
    const pusher = pusherOf(subject)
    await pusher.pushBase()
    const filled: SmallImage[] = []
    await each(
      Array.from({ length: 600 }, (_, at) => at),
      connections,
      async (at) => {
        filled.push(await pusher.pushImage(`v${at}`, layerBytes))
      },
    )
    await subject.stop()
    const rows = new Database(join(own, 'data', 'berth.db'))
    addRows(rows, size * (options.quick ? 100 : 10_000))
    rows.close()
    subject = await kind.start({ folder: own, port, tls: undefined })
    try {
      await each(filled.slice(0, 500), connections, (image) => pusher.delete(image))
      await Bun.sleep(leaseMs + 1_000)
      const quiet = await traffic(pusher, filled.slice(500), () => Bun.sleep(quietMs))
      let took = 0
      let blobs = 0
      const during = await traffic(pusher, filled.slice(500), async () => {
        ;({ ms: took, blobs } = await collect(pusher))
      })
      if (blobs < 500) throw new Error(`only ${blobs} blobs went`)
      row(
        size * 10_000,
        (took / 1_000).toFixed(2),
        `${ms(quiet.p99Ms)} → ${ms(during.p99Ms)}`,
        (during.p99Ms / quiet.p99Ms).toFixed(2),
      )
    } finally {
      await subject.stop()
    }
    await rm(own, { recursive: true, force: true })
  }
  console.log(
    Object.entries(await conditions(folder))
      .map(([name, value]) => `- ${name}: ${value}`)
      .join('\n'),
  )
  console.log(lines.join('\n'))
} finally {
  await rm(folder, { recursive: true, force: true })
}
