import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmod, cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { debianMissing, DebianMachine } from '../harness/debian-machine.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { blocksFor } from './guide-blocks.ts'

setDefaultTimeout(600_000)

const checkout = join(import.meta.dir, '..', '..')

if (debianMissing !== undefined) skipLoudly('guides, as a service', debianMissing)
else {
  // A test of tools/docs asks that the Chinese page has the same commands.
  describe('the installation as a service', () => {
    let machine: DebianMachine | undefined
    beforeAll(async () => {
      machine = await DebianMachine.make('sudo,curl,ca-certificates,adduser,iproute2')
      await putCheckout(machine.root)
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

/** The executable and the files of the checkout, as the guide finds them. */
async function putCheckout(root: string): Promise<void> {
  await mkdir(join(root, 'src/dist'), { recursive: true })
  await runCommand([process.execPath, 'tools/build.mjs', '--outfile', join(root, 'src/dist/berth')], { cwd: checkout })
  await cp(join(checkout, 'deploy'), join(root, 'src/deploy'), { recursive: true })
  await cp(join(import.meta.dir, 'systemctl.sh'), join(root, 'usr/local/bin/systemctl'))
  await chmod(join(root, 'usr/local/bin/systemctl'), 0o755)
}
