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
  'gc-expire-before-commit',
  'gc-follow-before-commit',
  'gc-unlink-before-commit',
  'gc-remove-before-commit',
  'gc-sweep-before-delete',
  'doomed-after-delete',
  'retention-before-commit',
  'retention-after-commit',
  'job-after-take',
  'job-running',
  'job-after-checkpoint',
  'job-before-result',
  'job-after-result',
  'adoption-before-row',
  'backup-after-tables',
  'backup-after-blob',
  'backup-before-manifest',
  'restore-after-blob',
  'restore-after-blobs',
  'restore-after-rows',
  'quarantine-before-move',
  'scrub-before-save',
  'rotation-after-step',
  'advisories-before-row',
  'advisories-before-switch',
  'advisories-after-switch',
] as const

export type FaultPoint = (typeof faultPoints)[number]

interface Fault {
  /** Undefined: every subject. */
  readonly subject: string | undefined
  act(): void
}

const faults = new Map<FaultPoint, Fault>()

/**
 * Does nothing unless `enableFaultPoint` was called for `name`; costs a comparison on the hot path. `subject` tells what
 * comes by: a kind of job.
 */
export function faultPoint(name: FaultPoint, subject?: string): void {
  if (faults.size === 0) return
  const fault = faults.get(name)
  if (fault !== undefined && (fault.subject === undefined || fault.subject === subject)) fault.act()
}

/**
 * Reads the variable that tests set and enables its fault point: `job-running`, `job-running@purge-audit-log` for one
 * subject, `job-running:freeze` to stop the process in the place of killing it. The start of a registry and commands of
 * backups call it.
 * @throws TypeError when there is no such point: a crash test must not pass because nothing crashed
 */
export function enableFaultPoint(where: string, action?: () => void): void {
  const [, name, subject, how] = /^([^@:]*)(?:@([^:]*))?(?::(freeze))?$/.exec(where) ?? []
  const known = faultPoints.find((point) => point === name)
  if (known === undefined) throw new TypeError(`there is no fault point ${where}`)
  const freeze = () => {
    // Only once: a process that is woken goes on.
    faults.delete(known)
    process.kill(process.pid, 'SIGSTOP')
  }
  faults.set(known, { subject, act: action ?? (how === 'freeze' ? freeze : killSelf) })
}

export function disableFaultPoints(): void {
  faults.clear()
}

/** As a power button for this process: no handler runs, nothing is flushed. */
function killSelf(): void {
  process.kill(process.pid, 'SIGKILL')
}
