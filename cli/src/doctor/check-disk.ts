import { access, constants, mkdir, open, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Config } from '#server/config/config.ts'
import { good, problem, warning, type Finding } from './finding.ts'

const gibibyte = 1024 ** 3
/** Below it a single larger image may fill the disk. */
const littleBytes = 5 * gibibyte
const slowSyncMs = 50

/** Magic numbers of statfs(2). */
const filesystems: Readonly<
  Record<number, { readonly name: string; readonly network: boolean; readonly lost: boolean }>
> = {
  0x6969: { name: 'NFS', network: true, lost: false },
  0xff534d42: { name: 'CIFS', network: true, lost: false },
  0xfe534d42: { name: 'SMB2', network: true, lost: false },
  0x01021997: { name: '9p', network: true, lost: false },
  0x65735546: { name: 'FUSE', network: true, lost: false },
  0x01021994: { name: 'tmpfs', network: false, lost: true },
  0x794c7630: { name: 'overlayfs', network: false, lost: true },
}

/** Every folder that Berth writes to: is there room, does it take writes, how long does a durable one take. */
export async function checkDisks(config: Config): Promise<Finding[]> {
  const folders = new Map<string, 'bytes' | 'database'>()
  if (config.storage.kind === 'filesystem') folders.set(config.storage.folder, 'bytes')
  if (config.database.kind === 'sqlite') folders.set(dirname(config.database.file), 'database')
  const findings: Finding[] = []
  for (const [folder, holds] of folders) findings.push(...(await checkDisk(folder, holds)))
  return findings
}

export async function checkDisk(folder: string, holds: 'bytes' | 'database'): Promise<Finding[]> {
  const subject = `disk of ${folder}`
  const existing = await nearestExisting(folder)
  if (!(await isWritable(existing))) {
    return [
      problem(subject, `${existing} cannot be written by this user`, [
        `sudo mkdir -p ${folder} && sudo chown $(id -un) ${folder}`,
      ]),
    ]
  }
  const { bavail, bsize, ffree, files, type } = await statfs(existing)
  return [
    judgeSpace(subject, Number(bavail) * Number(bsize), Number(files) === 0 ? 1 : Number(ffree) / Number(files)),
    ...judgeFilesystem(subject, Number(type), holds),
    await judgeWrites(subject, existing, existing !== folder),
  ]
}

function judgeSpace(subject: string, freeBytes: number, freeInodes: number): Finding {
  const free = `${(freeBytes / gibibyte).toFixed(1)} GiB free`
  if (freeInodes < 0.01)
    return problem(subject, `${free}, but almost no inodes: no new file can be made`, [
      'df -i shows them; make room, or use a filesystem without a fixed number',
    ])
  if (freeBytes < 0.1 * gibibyte)
    return problem(subject, `${free}: pushes will be refused`, ['make room, or move the folder to a larger disk'])
  if (freeBytes < littleBytes)
    return warning(subject, `${free}: a few images fill that`, ['make room, or move the folder to a larger disk'])
  return good(subject, free)
}

function judgeFilesystem(subject: string, type: number, holds: 'bytes' | 'database'): Finding[] {
  const known = filesystems[type >>> 0] ?? filesystems[type]
  if (known === undefined) return []
  if (known.network && holds === 'database') {
    return [
      problem(subject, `lies on ${known.name}: SQLite loses data there, its locks are not kept over the network`, [
        'put the database on a local disk (database.file), or use PostgreSQL (database.url)',
      ]),
    ]
  }
  if (known.network)
    return [warning(subject, `lies on ${known.name}: good for bytes when the server syncs, slower than a local disk`)]
  if (known.lost) {
    return [
      warning(
        subject,
        `lies on ${known.name}: its contents are gone with ${known.name === 'tmpfs' ? 'the next boot' : 'the container'}`,
        ['mount a volume there'],
      ),
    ]
  }
  return []
}

/** Writes a small file as durably as a push does. */
async function judgeWrites(subject: string, folder: string, planned: boolean): Promise<Finding> {
  const file = join(folder, `.berth-doctor-${process.pid}`)
  const times: number[] = []
  try {
    const handle = await open(file, 'w', 0o600)
    try {
      for (let round = 0; round < 5; round += 1) {
        const startedAt = performance.now()
        await handle.write(new Uint8Array(4096), 0, 4096, round * 4096)
        await handle.sync()
        times.push(performance.now() - startedAt)
      }
    } finally {
      await handle.close()
      await rm(file, { force: true })
    }
  } catch (error) {
    return problem(subject, `a small file could not be written durably: ${(error as Error).message}`, [
      'dmesg | tail shows errors of the disk',
    ])
  }
  const median = times.toSorted((a, b) => a - b)[2]!
  const summary = `${planned ? 'will be created; ' : ''}a durable write takes ${median.toFixed(1)} ms`
  if (median > slowSyncMs)
    return warning(subject, `${summary}: every push waits for several of them`, [
      'use an SSD, or a controller with a protected cache',
    ])
  return good(subject, summary)
}

async function nearestExisting(folder: string): Promise<string> {
  for (let each = folder; ; each = dirname(each)) {
    const found = await stat(each).then(
      (facts) => facts.isDirectory(),
      () => false,
    )
    if (found || each === dirname(each)) return each
  }
}

async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK)
    const probe = join(folder, `.berth-doctor-folder-${process.pid}`)
    await mkdir(probe)
    await rm(probe, { recursive: true })
    return true
  } catch {
    return false // root passes access() on a read-only disk, mkdir does not
  }
}
