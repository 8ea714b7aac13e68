import { repository, withConnection, type Bench, type Target } from '../bench.ts'
import { closedLoop } from '../client/closed-loop.ts'
import { expectStatus } from '../client/registry-requests.ts'
import { measureWork, type Measurement } from '../measurement.ts'

/** Many pulls and many pushes of large blobs at once: the question is what memory that takes. */
export async function benchMixed(bench: Bench, wanted: (workload: string) => boolean): Promise<void> {
  const workload = 'pull and push'
  if (!wanted(workload)) return
  const { pullers, pushers, sizeBytes } = bench.plan.mixed
  const round = await bench.eachFresh(false, (target) => pullAndPush(bench, target))
  bench.record({
    workload,
    sizeBytes,
    connections: pullers + pushers,
    tls: false,
    detail: `${pullers} pull, ${pushers} push`,
    unit: 'bytes',
    rounds: [round],
  })
}

async function pullAndPush(bench: Bench, target: Target): Promise<Measurement> {
  const { pullers, pushers, sizeBytes } = bench.plan.mixed
  const { subject, requests } = target
  const stored = Array.from({ length: 4 }, () => bench.pool.next(sizeBytes))
  await withConnection(target, async (connection) => {
    for (const blob of stored) await requests.pushByThreeRequests(connection, repository, blob)
  })
  const blobs = Array.from({ length: pushers }, () => bench.pool.next(sizeBytes))
  const pulls = stored.map((blob) => requests.read('GET', `/v2/${repository}/blobs/${blob.digest}`))
  return measureWork(subject, async () => {
    // Pulls go on until the last push is done, so that the peak is of both together.
    let pushing = true
    let pulledBytes = 0
    const pulling = Array.from({ length: pullers }, (_, puller) =>
      withConnection(target, async (connection) => {
        while (pushing) {
          const answer = await connection.exchange(pulls[puller % pulls.length]!)
          expectStatus(answer, 200)
          pulledBytes += answer.bodyBytes
        }
      }),
    )
    const pushed = closedLoop(subject.endpoint, pushers, { operations: pushers }, (connection, index) =>
      requests.pushByThreeRequests(connection, repository, blobs[index]!),
    ).finally(() => (pushing = false))
    const [result] = await Promise.all([pushed, ...pulling])
    return { ...result, bytes: result.bytes + pulledBytes }
  })
}
