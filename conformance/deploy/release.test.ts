import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { copyFileSync, mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { debianMissing, DebianMachine } from '../harness/debian-machine.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry, type RegistryUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

setDefaultTimeout(900_000)

const checkout = join(import.meta.dir, '..', '..')
const absent = ['dpkg-deb', 'rpmbuild', 'apt-get', 'git', 'npm', 'skopeo', 'helm'].filter(
  (name) => findClient(name) === undefined,
)
const missing =
  process.env['BERTH_TEST_LONG'] !== '1'
    ? 'it is part of the long form: npm test -- --long'
    : (debianMissing ?? (absent.length > 0 ? `not on this machine: ${absent.join(', ')}` : undefined))

if (missing !== undefined) skipLoudly('what npm run release builds', missing)
else {
  describe('what npm run release builds', () => {
    let folder: Awaited<ReturnType<typeof createTemporaryFolder>>
    let registry: RegistryUnderTest
    const built = (): string => join(folder.path, 'first')
    const named = (pattern: RegExp): string => {
      const name = readdirSync(built()).find((each) => pattern.test(each))
      if (name === undefined) throw new Error(`nothing is called ${pattern.source}`)
      return join(built(), name)
    }
    beforeAll(async () => {
      folder = await createTemporaryFolder()
      await release('first', 'executables,deb,rpm,image,chart')
      registry = await startRegistry({ transport: 'http' })
    })
    afterAll(async () => {
      await registry?.[Symbol.asyncDispose]()
      await folder?.[Symbol.asyncDispose]()
    })
    const release = async (into: string, only: string): Promise<void> => {
      const options = ['--dirty', '--arch', 'amd64', '--only', only, '--out', join(folder.path, into)]
      await runCommand([process.execPath, 'tools/release/main.ts', ...options], { cwd: checkout, timeoutMs: 800_000 })
    }

    test('is the same when it is built again, and agrees with its checksums', async () => {
      await release('second', 'executables,image')
      for (const name of readdirSync(join(folder.path, 'second'))) {
        if (name === 'SHA256SUMS' || name === 'provenance.json') continue
        await runCommand(['cmp', join(built(), name), join(folder.path, 'second', name)])
      }
      await runCommand(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: built() })
    })

    test('the image and the chart are pushed into a Berth, and the image runs as it is, read-only and as nobody in particular', async () => {
      const { host, username: user, password } = registry
      const image = `docker://${host}/library/berth:1`
      const credentials = ['--dest-creds', `${user}:${password}`, '--dest-tls-verify=false']
      await runCommand([
        'skopeo',
        'copy',
        '--all',
        ...credentials,
        `oci-archive:${named(/\.oci\.tar$/)}:${version}`,
        image,
      ])
      await runCommand([findClient('helm')!, 'registry', 'login', host, '-u', user, '-p', password, '--plain-http'])
      await runCommand([findClient('helm')!, 'push', named(/chart-.*\.tgz$/), `oci://${host}/library`, '--plain-http'])

      const layout = join(folder.path, 'layout')
      mkdirSync(layout)
      await runCommand(['tar', '-xf', named(/image-.*-amd64\.tar$/), '-C', layout])
      const [{ Layers }] = JSON.parse(readFileSync(join(layout, 'manifest.json'), 'utf8'))
      const root = join(folder.path, 'root')
      // What an engine brings along.
      for (const each of ['proc', 'dev']) mkdirSync(join(root, each), { recursive: true })
      for (const layer of Layers) await runCommand(['tar', '-xpzf', join(layout, layer), '-C', root])
      const inside = [
        `mount --bind '${root}' '${root}'`,
        `mount -t tmpfs -o uid=10001,mode=700 none '${root}/data'`,
        `mount -t proc proc '${root}/proc'; mount --bind /dev '${root}/dev'`,
        `mount -o remount,bind,ro '${root}'`,
        `exec chroot --userspec=10001:10001 '${root}' /usr/local/bin/berth version`,
      ]
      const said = await runCommand(['unshare', '--mount', '--pid', '--fork', 'sh', '-ec', inside.join('; ')])
      expect(said).toStartWith(`berth ${version} `)
    })

    test('the package for Debian installs, serves, is upgraded with the settings kept, and leaves the images when purged', async () => {
      await using machine = await DebianMachine.make('sudo,curl,ca-certificates')
      copyFileSync(named(/_amd64\.deb$/), join(machine.root, 'berth.deb'))
      const { code, stdout, stderr } = await machine.run(`
dpkg -i /berth.deb
stat -c '%U %a' /var/lib/berth /etc/berth/berth.env
cd /var/lib/berth
set -a; . /etc/berth/berth.env; set +a
sudo -E -u berth berth serve > /tmp/berth.log 2>&1 &
for _ in $(seq 100); do sudo -u berth berth health > /dev/null 2>&1 && break; sleep 0.2; done
sudo -u berth berth health && echo healthy
echo "first password: $(curl -s -o /dev/null -w '%{http_code}' -u "admin:$BERTH_ADMIN_PASSWORD" http://localhost:8080/api/v2.0/users/current)"
kill %1; wait %1 || true
echo '# of the operator' >> /etc/berth/berth.yml
dpkg -i /berth.deb
grep -c '^# of the operator' /etc/berth/berth.yml
dpkg --remove berth
test ! -e /usr/bin/berth && test -e /etc/berth/berth.yml && test -e /var/lib/berth/berth.db && echo removed
dpkg --purge berth
test ! -e /etc/berth && test -e /var/lib/berth/berth.db && getent passwd berth > /dev/null && echo purged
`)
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain('berth 700\nroot 600\n')
      for (const line of ['healthy', 'first password: 200', '1', 'removed', 'purged'])
        expect(stdout).toContain(`${line}\n`)
    })
  })
}

const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string }
