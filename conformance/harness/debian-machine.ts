import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand, type CommandResult } from './command.ts'
import { findClient } from './real-client.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

const absent = ['mmdebstrap', 'chroot', 'unshare', 'ip'].filter((name) => findClient(name) === undefined)

/** Why there can be no such machine here; undefined when there can. */
export const debianMissing =
  process.getuid?.() !== 0
    ? 'it runs as root only'
    : absent.length > 0
      ? `not on this machine: ${absent.join(', ')}`
      : undefined

/** A fresh root of Debian 12, whose programs have a network and processes of their own. */
export class DebianMachine implements AsyncDisposable {
  readonly #folder: Awaited<ReturnType<typeof createTemporaryFolder>>
  readonly root: string

  private constructor(folder: Awaited<ReturnType<typeof createTemporaryFolder>>) {
    this.#folder = folder
    this.root = join(folder.path, 'root')
  }

  /** With these packages besides the least there is. */
  static async make(packages: string): Promise<DebianMachine> {
    const machine = new DebianMachine(await createTemporaryFolder())
    const command = ['mmdebstrap', '--variant=minbase', `--include=${packages}`, '--quiet', 'bookworm', machine.root]
    await runCommand(command, { timeoutMs: 500_000 })
    return machine
  }

  async run(script: string): Promise<CommandResult> {
    await writeFile(join(this.root, 'script.sh'), `set -e\n${script}`)
    const inside = [
      'ip link set lo up',
      `mount -t proc proc '${this.root}/proc'`,
      `mount --bind /dev '${this.root}/dev'`,
      `exec chroot '${this.root}' bash /script.sh`,
    ]
    // The end of the first process of the namespace ends all others: nothing that was started stays.
    const isolated = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child']
    return await tryCommand([...isolated, 'sh', '-ec', inside.join('; ')], {
      env: cleanEnvironment,
      timeoutMs: 300_000,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]()
  }
}

const cleanEnvironment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' }
