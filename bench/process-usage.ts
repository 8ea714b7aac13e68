import { readdir, readFile, writeFile } from 'node:fs/promises'

/** What a process and its descendants have used so far. */
export interface ProcessUsage {
  readonly cpuSeconds: number
  /** Sum of the peaks of resident memory since the last `resetPeakMemory`. */
  readonly peakMemoryBytes: number
}

/** USER_HZ: the unit of times in /proc, 100 on every Linux that Debian builds. */
const ticksPerSecond = 100

export async function usageOf(pid: number): Promise<ProcessUsage> {
  let cpuSeconds = 0
  let peakMemoryBytes = 0
  for (const member of await treeOf(pid)) {
    const stat = await readFile(`/proc/${member}/stat`, 'utf8')
    // Fields are counted after the name, which may contain anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number)
    cpuSeconds += (user! + system! + childrenUser! + childrenSystem!) / ticksPerSecond
    const status = await readFile(`/proc/${member}/status`, 'utf8')
    peakMemoryBytes += Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
  }
  return { cpuSeconds, peakMemoryBytes }
}

/** Lets VmHWM begin again at what is resident now. */
export async function resetPeakMemory(pid: number): Promise<void> {
  for (const member of await treeOf(pid)) await writeFile(`/proc/${member}/clear_refs`, '5')
}

async function treeOf(pid: number): Promise<number[]> {
  const tree = [pid]
  for (const member of tree) {
    // A child belongs to the thread that made it.
    for (const thread of await readdir(`/proc/${member}/task`)) {
      const children = await readFile(`/proc/${member}/task/${thread}/children`, 'utf8')
      tree.push(...children.split(' ').filter(Boolean).map(Number))
    }
  }
  return tree
}
