import { repository, type Bench, type Target } from '../bench.ts'
import { closedLoop, type Operation } from '../client/closed-loop.ts'
import { prepareManifest } from '../client/registry-requests.ts'
import { measure, type Measurement } from '../measurement.ts'
import type { PushVariant, Variant } from '../plan.ts'

const chunksPerBlob = 10

/** Blobs of every size by every way, each round into an empty store. */
export async function benchBlobPushes(bench: Bench, wanted: (workload: string) => boolean): Promise<void> {
  for (const variant of bench.plan.pushes) {
    const workload = `push by ${variant.way}`
    if (!wanted(workload)) continue
    const rounds: Record<string, Measurement>[] = []
    for (let round = 0; round < bench.plan.rounds; round++) {
      rounds.push(await bench.eachFresh(variant.tls, (target) => pushBlobs(bench, target, variant)))
    }
    const { sizeBytes, connections, tls } = variant
    bench.record({ workload, sizeBytes, connections, tls, unit: 'bytes', rounds })
  }
}

async function pushBlobs(bench: Bench, target: Target, variant: PushVariant): Promise<Measurement> {
  const { requests, subject } = target
  await warmUp(bench, target)
  const blobs = Array.from({ length: variant.blobs }, () => bench.pool.next(variant.sizeBytes))
  await settleDisk()
  return measure(subject, variant.connections, { operations: blobs.length }, (connection, index) => {
    const blob = blobs[index]!
    switch (variant.way) {
      case 'three requests':
        return requests.pushByThreeRequests(connection, repository, blob)
      case 'chunks':
        return requests.pushByChunks(connection, repository, blob, Math.ceil(blob.sizeBytes / chunksPerBlob))
      case 'monolithic':
        return requests.pushMonolithic(connection, repository, blob)
    }
  })
}

/** Images of one config and one small layer, with everything a client asks on the way. */
export async function benchImagePushes(bench: Bench, wanted: (workload: string) => boolean): Promise<void> {
  const workload = 'small-image push'
  if (!wanted(workload)) return
  for (const variant of bench.plan.imagePushes) {
    const rounds: Record<string, Measurement>[] = []
    for (let round = 0; round < bench.plan.rounds; round++) {
      rounds.push(await bench.eachFresh(variant.tls, (target) => pushImages(bench, target, variant)))
    }
    bench.record({ workload, ...variant, unit: 'images', rounds })
  }
}

async function pushImages(bench: Bench, target: Target, variant: Variant): Promise<Measurement> {
  await warmUp(bench, target)
  await settleDisk()
  return measure(target.subject, variant.connections, { durationMs: bench.plan.imagePushMs }, imagePush(bench, target))
}

/** Both servers start cold in every round; what is measured is how they run, not how they begin. */
async function warmUp(bench: Bench, target: Target): Promise<void> {
  await closedLoop(target.subject.endpoint, 4, { durationMs: bench.plan.warmUpMs }, imagePush(bench, target))
}

function imagePush(bench: Bench, target: Target): Operation {
  const run = crypto.randomUUID()
  return async (connection, index) => {
    const config = bench.pool.next(1500)
    const layer = bench.pool.next(32_000)
    const manifest = prepareManifest(config, [layer])
    return target.requests.pushImage(connection, repository, `${run}-${index}`, [layer, config], manifest)
  }
}

/** What the last round left to be written must not be paid by the next one. */
async function settleDisk(): Promise<void> {
  await Bun.spawn(['sync']).exited
}
