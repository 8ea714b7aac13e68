import { cpus, release, totalmem } from 'node:os'

/** What a reader must know to repeat the numbers. */
export async function conditions(folder: string): Promise<Record<string, string>> {
  const run = async (command: readonly string[]) => {
    const child = Bun.spawn([...command], { stdout: 'pipe', stderr: 'ignore' })
    return (await new Response(child.stdout).text()).trim()
  }
  return {
    processor: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    kernel: `Linux ${release()}`,
    filesystem: await run(['stat', '--file-system', '--format=%T', folder]),
    bun: Bun.version,
    distribution: await run(['dpkg-query', '--show', '--showformat=${Version}', 'docker-registry']),
    commit: await run(['git', 'rev-parse', '--short', 'HEAD']),
    date: new Date().toISOString().slice(0, 10),
  }
}
