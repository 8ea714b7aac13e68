import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, tryCommand, type CommandResult } from '../harness/command.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { blocksFor } from './guide-blocks.ts'

setDefaultTimeout(600_000)

const checkout = join(import.meta.dir, '..', '..')
const missing = ['mmdebstrap', 'chroot', 'unshare', 'ip'].filter((name) => findClient(name) === undefined)

if (process.getuid?.() !== 0) skipLoudly('guides, as a service', 'it runs as root only')
else if (missing.length > 0) skipLoudly('guides, as a service', `not on this machine: ${missing.join(', ')}`)
else {
  // A test of tools/docs asks that the Chinese page has the same commands.
  describe('the installation as a service', () => {
    let machine: Machine | undefined
    beforeAll(async () => {
      machine = await Machine.make()
    })
    afterAll(async () => await machine?.[Symbol.asyncDispose]())

    test('works as it is printed, in a fresh Debian, and every command after it means the same registry', async () => {
      const [install] = blocksFor('systemd')
      const [drill] = blocksFor('drill')
      const { code, stdout, stderr } = await machine!.run(`
cd /src
${install!.commands}
sudo -u berth berth project create team-a
sudo -u berth berth user list
echo "databases: $(find / -xdev -name berth.db 2>/dev/null | tr '\\n' ' ')"
echo "of others: $(find /var/lib/berth /etc/berth/berth.env ! -user berth ! -path /etc/berth/berth.env | tr '\\n' ' ')"
echo "password of every manual: $(curl -s -o /dev/null -w '%{http_code}' -u admin:Harbor12345 http://localhost:8080/api/v2.0/users/current)"
. /etc/berth/berth.env
echo "password of the file: $(curl -s -o /dev/null -w '%{http_code}' -u "admin:$BERTH_ADMIN_PASSWORD" http://localhost:8080/api/v2.0/users/current)"
install -d -o berth /mnt/backups /work
sudo -u berth berth backup --to /mnt/backups
cd /work
# The last line of the drill serves until somebody stops it.
cat > drill.sh <<'DRILL'
${drill!.commands}
DRILL
sudo -u berth bash -e drill.sh > drill.log 2>&1 &
for _ in $(seq 150); do
  [ "$(curl -s -o /dev/null -w '%{http_code}' http://localhost:9000/health)" != 200 ] || { echo "the drill serves"; break; }
  sleep 0.2
done
cat drill.log >&2
`)
      expect({ code, stderr }).toMatchObject({ code: 0 })
      expect(stdout).toContain('databases: /var/lib/berth/berth.db \n')
      expect(stdout).toContain('of others: \n')
      expect(stdout).toContain('password of every manual: 401')
      expect(stdout).toContain('password of the file: 200')
      expect(stdout).toContain('the drill serves')
    })
  })
}

/** A root of Debian with the executable and the files of the checkout, on a network of its own. */
class Machine implements AsyncDisposable {
  readonly #folder: Awaited<ReturnType<typeof createTemporaryFolder>>
  readonly #root: string

  private constructor(folder: Awaited<ReturnType<typeof createTemporaryFolder>>) {
    this.#folder = folder
    this.#root = join(folder.path, 'root')
  }

  static async make(): Promise<Machine> {
    const machine = new Machine(await createTemporaryFolder())
    const root = machine.#root
    const packages = 'sudo,curl,ca-certificates,adduser,iproute2'
    await runCommand(['mmdebstrap', '--variant=minbase', `--include=${packages}`, '--quiet', 'bookworm', root], {
      timeoutMs: 500_000,
    })
    await mkdir(join(root, 'src/dist'), { recursive: true })
    await runCommand([process.execPath, 'tools/build.mjs', '--outfile', join(root, 'src/dist/berth')], {
      cwd: checkout,
    })
    await cp(join(checkout, 'deploy'), join(root, 'src/deploy'), { recursive: true })
    await cp(join(import.meta.dir, 'systemctl.sh'), join(root, 'usr/local/bin/systemctl'))
    await chmod(join(root, 'usr/local/bin/systemctl'), 0o755)
    return machine
  }

  async run(script: string): Promise<CommandResult> {
    await writeFile(join(this.#root, 'script.sh'), `set -e\n${script}`)
    const inside = [
      'ip link set lo up',
      `mount -t proc proc '${this.#root}/proc'`,
      `mount --bind /dev '${this.#root}/dev'`,
      `exec chroot '${this.#root}' bash /script.sh`,
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
