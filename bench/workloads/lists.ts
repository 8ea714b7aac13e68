import { repository, withConnection, type Bench, type Target } from '../bench.ts'
import { closedLoop, type Operation } from '../client/closed-loop.ts'
import { expectStatus, prepareManifest } from '../client/registry-requests.ts'
import { measure, type Measurement } from '../measurement.ts'

const pageSize = 100
const connections = 8
const tagName = (index: number) => `v${String(index).padStart(6, '0')}`
const repositoryName = (index: number) => `library/r${String(index).padStart(6, '0')}`

/**
 * Pages of 100 from all over the list of tags and the catalog, while the store grows; then, over
 * the store as it has become, the time to serve again.
 */
export async function benchLists(bench: Bench, wanted: (workload: string) => boolean): Promise<void> {
  const lists = wanted('tags list') || wanted('catalog')
  if (!lists && !wanted('start')) return
  const config = bench.pool.next(1500)
  const layer = bench.pool.next(32_000)
  const manifest = prepareManifest(config, [layer])
  await bench.withAll('lists', false, async (targets) => {
    for (const target of targets) {
      await withConnection(target, (connection) =>
        target.requests.pushImage(connection, repository, tagName(0), [layer, config], manifest),
      )
    }
    let filled = 0
    for (const size of bench.plan.listSizes) {
      for (const target of targets) {
        const putTag: Operation = (connection, index) =>
          target.requests.putManifest(connection, repository, tagName(filled + index), manifest)
        await closedLoop(target.subject.endpoint, connections, { operations: size - filled }, putTag)
        const filler = bench.fillerFor(target)
        const makeRepository: Operation = async (connection, index) => {
          const name = repositoryName(filled + index)
          for (const { digest } of [config, layer]) await filler.mount(connection, name, digest, repository)
          return filler.putManifest(connection, name, 'v1', manifest)
        }
        await closedLoop(target.subject.endpoint, connections, { operations: size - filled }, makeRepository)
      }
      filled = size
      const pages = (path: string, nameOf: (index: number) => string) => (target: Target) =>
        readPages(
          bench,
          target,
          path,
          Array.from({ length: 16 }, (_, page) => nameOf(Math.floor((page * size) / 16))),
        )
      const key = { connections, tls: false, unit: 'requests', detail: `of ${size}` } as const
      if (wanted('tags list')) {
        await bench.alternate({ workload: 'tags list', ...key }, targets, pages(`/v2/${repository}/tags/list`, tagName))
      }
      if (wanted('catalog')) {
        await bench.alternate({ workload: 'catalog', ...key }, targets, pages('/v2/_catalog', repositoryName))
      }
    }
  })
  if (wanted('start')) await benchStarts(bench)
  await bench.removeStore('lists')
}

async function readPages(bench: Bench, target: Target, path: string, lasts: readonly string[]): Promise<Measurement> {
  const exchanges = lasts.map((last) => target.requests.read('GET', `${path}?n=${pageSize}&last=${last}`))
  const operation: Operation = async (connection, index) => {
    const answer = await connection.exchange(exchanges[index % exchanges.length]!)
    expectStatus(answer, 200)
    return answer.bodyBytes
  }
  await closedLoop(target.subject.endpoint, connections, { durationMs: bench.plan.warmUpMs }, operation)
  return measure(target.subject, connections, { durationMs: bench.plan.readMs }, operation)
}

async function benchStarts(bench: Bench): Promise<void> {
  const rounds: Record<string, Measurement>[] = []
  for (let start = 0; start < bench.plan.starts; start++) {
    const times = await bench.startTimes('lists')
    rounds.push(Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, startMeasurement(ms)])))
  }
  const detail = `over ${bench.plan.listSizes.at(-1)} repositories`
  bench.record({ workload: 'start', connections: 1, tls: false, detail, unit: 'milliseconds', rounds })
}

function startMeasurement(ms: number): Measurement {
  return {
    operations: 1,
    bytes: 0,
    seconds: ms / 1000,
    p50Ms: ms,
    p99Ms: ms,
    clientCpuSeconds: 0,
    serverCpuSeconds: 0,
    serverPeakMemoryBytes: 0,
  }
}
