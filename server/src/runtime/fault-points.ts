/**
 * Named places where a test stops the program, to prove what a crash leaves behind. Names tell what has
 * just happened or is about to happen.
 */
export const faultPoints = [
  'store-after-write',
  'store-after-fsync',
  'store-after-rename',
  'store-after-folder-fsync',
  'upload-before-row',
  'upload-after-row',
  'manifest-before-commit',
  'manifest-after-commit',
  'gc-unlink-before-commit',
  'gc-remove-before-commit',
  'gc-sweep-before-delete',
  'trash-after-delete',
  'retention-before-commit',
  'job-after-take',
  'job-running',
  'job-before-result',
  'job-after-result',
  'adoption-before-row',
  'backup-after-tables',
  'backup-before-manifest',
  'restore-after-blobs',
  'restore-after-rows',
  'quarantine-before-move',
] as const

export type FaultPoint = (typeof faultPoints)[number]

const actions = new Map<FaultPoint, () => void>()

/** Does nothing unless `enableFaultPoint` was called for `name`; costs a comparison on the hot path. */
export function faultPoint(name: FaultPoint): void {
  if (actions.size > 0) actions.get(name)?.()
}

/**
 * Only who starts a registry calls this, and only when told to by a variable that tests set.
 * @throws TypeError when there is no such point: a crash test must not pass because nothing crashed
 */
export function enableFaultPoint(name: string, action: () => void = killSelf): void {
  const known = faultPoints.find((point) => point === name)
  if (known === undefined) throw new TypeError(`there is no fault point ${name}`)
  actions.set(known, action)
}

export function disableFaultPoints(): void {
  actions.clear()
}

/** As a power button for this process: no handler runs, nothing is flushed. */
function killSelf(): void {
  process.kill(process.pid, 'SIGKILL')
}
