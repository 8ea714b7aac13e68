import { repository, withConnection, type Bench, type Target } from '../bench.ts'
import { closedLoop, type Operation } from '../client/closed-loop.ts'
import type { PreparedBlob } from '../client/blob-pool.ts'
import { expectStatus, prepareManifest } from '../client/registry-requests.ts'
import { measure } from '../measurement.ts'

export const readWorkloads = ['manifest by tag', 'manifest by digest', 'HEAD blob', 'pull']

/** Manifest by tag and by digest, HEAD and GET of blobs: everything a pull consists of. */
export async function benchReads(bench: Bench, wanted: (workload: string) => boolean): Promise<void> {
  const { plan, pool } = bench
  const config = pool.next(1500)
  const layer = pool.next(32_000)
  const manifest = prepareManifest(config, [layer])
  const small = [
    { workload: 'manifest by tag', method: 'GET', path: `/v2/${repository}/manifests/v1` },
    { workload: 'manifest by digest', method: 'GET', path: `/v2/${repository}/manifests/${manifest.digest}` },
    { workload: 'HEAD blob', method: 'HEAD', path: `/v2/${repository}/blobs/${layer.digest}` },
  ] as const
  const sizes = [...new Set(plan.pulls.map((variant) => variant.sizeBytes))]
  const blobs = new Map<number, PreparedBlob>(sizes.map((size) => [size, pool.next(size)]))

  await bench.withReaders('reads', false, async (targets) => {
    for (const target of targets) {
      if (target.subject.putFile !== undefined) {
        for (const { path, parts } of [
          ...small.map(({ path, method }) => ({ path, parts: method === 'GET' ? [manifest.bytes] : layer.parts })),
          ...[...blobs.values()].map((blob) => ({ path: `/v2/${repository}/blobs/${blob.digest}`, parts: blob.parts })),
        ]) {
          await target.subject.putFile(path, parts)
        }
        continue
      }
      await withConnection(target, async (connection) => {
        await target.requests.pushImage(connection, repository, 'v1', [config, layer], manifest)
        for (const blob of blobs.values()) await target.requests.pushByThreeRequests(connection, repository, blob)
      })
    }
  })
  for (const tls of [false, true].filter((one) => plan.smallReads.some((variant) => variant.tls === one))) {
    await bench.withReaders('reads', tls, async (targets) => {
      for (const { workload, method, path } of small.filter((one) => wanted(one.workload))) {
        for (const variant of plan.smallReads.filter((one) => one.tls === tls)) {
          await bench.alternate({ workload, ...variant, unit: 'requests' }, targets, (target) =>
            repeat(bench, target, variant.connections, method, path),
          )
        }
      }
      for (const variant of plan.pulls.filter((one) => one.tls === tls && wanted('pull'))) {
        const path = `/v2/${repository}/blobs/${blobs.get(variant.sizeBytes)!.digest}`
        await bench.alternate({ workload: 'pull', ...variant, unit: 'bytes' }, targets, (target) =>
          repeat(bench, target, variant.connections, 'GET', path),
        )
      }
    })
  }
  await bench.removeStore('reads')
}

/** Warms up, then measures one request repeated on every connection. */
async function repeat(bench: Bench, target: Target, connections: number, method: 'GET' | 'HEAD', path: string) {
  const { endpoint } = target.subject
  const exchange = target.requests.read(method, path)
  const operation: Operation = async (connection) => {
    const answer = await connection.exchange(exchange)
    expectStatus(answer, 200)
    return answer.bodyBytes
  }
  await closedLoop(endpoint, connections, { durationMs: bench.plan.warmUpMs }, operation)
  return measure(target.subject, connections, { durationMs: bench.plan.readMs }, operation)
}
