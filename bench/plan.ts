/** How much is measured: the whole matrix, or a smoke test that only shows that everything runs. */
export interface Plan {
  readonly rounds: number
  readonly readMs: number
  readonly warmUpMs: number
  readonly imagePushMs: number
  readonly smallReads: readonly Variant[]
  readonly pulls: readonly SizedVariant[]
  readonly pushes: readonly PushVariant[]
  readonly imagePushes: readonly Variant[]
  /** Tags in one repository, and repositories, at which the lists are measured: ascending. */
  readonly listSizes: readonly number[]
  readonly starts: number
  readonly mixed: { readonly pullers: number; readonly pushers: number; readonly sizeBytes: number }
}

export interface Variant {
  readonly connections: number
  readonly tls: boolean
}
export interface SizedVariant extends Variant {
  readonly sizeBytes: number
}
export interface PushVariant extends SizedVariant {
  readonly way: 'three requests' | 'chunks' | 'monolithic'
  readonly blobs: number
}

const megabyte = 1_000_000
const plain = [1, 8, 64].map((connections) => ({ connections, tls: false }))

/**
 * Blobs per round: enough for some seconds, few enough that a round of one server stays under
 * 7 GB of disk.
 */
function blobCount(sizeBytes: number, connections: number): number {
  const perConnection = sizeBytes === megabyte ? [150, 60, 12] : sizeBytes === 10 * megabyte ? [30, 12, 3] : [8, 3, 1]
  return connections * perConnection[connections === 1 ? 0 : connections <= 8 ? 1 : 2]!
}

function pushes(way: PushVariant['way'], megabytes: readonly number[], variants: readonly Variant[]): PushVariant[] {
  return megabytes.flatMap((size) =>
    variants.map((variant) => {
      const sizeBytes = size * megabyte
      return { ...variant, sizeBytes, way, blobs: blobCount(sizeBytes, variant.connections) }
    }),
  )
}

export const fullPlan: Plan = {
  rounds: 4,
  readMs: 3000,
  warmUpMs: 1000,
  imagePushMs: 5000,
  smallReads: [...plain, { connections: 8, tls: true }, { connections: 64, tls: true }],
  pulls: [1, 10, 100].flatMap((size) =>
    [...plain, { connections: 8, tls: true }, { connections: 64, tls: true }].map((variant) => ({
      ...variant,
      sizeBytes: size * megabyte,
    })),
  ),
  pushes: [
    ...pushes('three requests', [1, 10, 100], plain),
    ...pushes('three requests', [10, 100], [{ connections: 8, tls: true }]),
    ...pushes('chunks', [10, 100], [{ connections: 8, tls: false }]),
    ...pushes('monolithic', [10, 100], [{ connections: 8, tls: false }]),
  ],
  imagePushes: [...plain, { connections: 8, tls: true }],
  listSizes: [100, 1000, 10_000],
  starts: 5,
  mixed: { pullers: 64, pushers: 64, sizeBytes: 100 * megabyte },
}

export const quickPlan: Plan = {
  rounds: 1,
  readMs: 500,
  warmUpMs: 200,
  imagePushMs: 1000,
  smallReads: [
    { connections: 8, tls: false },
    { connections: 8, tls: true },
  ],
  pulls: [
    { connections: 8, tls: false, sizeBytes: 10 * megabyte },
    { connections: 8, tls: true, sizeBytes: 10 * megabyte },
  ],
  pushes: (['three requests', 'chunks', 'monolithic'] as const).map((way) => ({
    way,
    connections: 4,
    tls: false,
    sizeBytes: 10 * megabyte,
    blobs: 8,
  })),
  imagePushes: [{ connections: 8, tls: false }],
  listSizes: [100, 300],
  starts: 1,
  mixed: { pullers: 8, pushers: 8, sizeBytes: 10 * megabyte },
}

/** The same without what needs a certificate. */
export function withoutTls(plan: Plan): Plan {
  const isPlain = ({ tls }: Variant) => !tls
  return {
    ...plan,
    smallReads: plan.smallReads.filter(isPlain),
    pulls: plan.pulls.filter(isPlain),
    pushes: plan.pushes.filter(isPlain),
    imagePushes: plan.imagePushes.filter(isPlain),
  }
}
