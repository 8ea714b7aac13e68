import { expect, test } from 'bun:test'
import { runCommand, tryCommand } from '../harness/command.ts'
import { createUniqueImage } from '../harness/image.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'

const timeoutMs = 120_000

/** Commands of which each answers as JSON or says that there is nothing. */
const reads = [
  ...['health', 'info', 'project list', 'project view cli', 'project search cli', 'project logs cli'],
  ...['project config list cli', 'project member list cli', 'project robot list cli', 'label list', 'user list'],
  ...[
    'quota list',
    'quota view --project-name cli',
    'registry list',
    'robot list',
    'repo list cli',
    'repo view cli/app',
  ],
  ...[
    'repo search app',
    'artifact list cli/app',
    'artifact view cli/app:v1',
    'tag immutable list cli',
    'webhook list cli',
  ],
  ...[
    'instance list',
    'scan-all metrics',
    'scanner list',
    'schedule list',
    'vulnerability summary',
    'vulnerability list',
  ],
  ...['logs', 'jobservice queues list', 'replication policies list', 'cve-allowlist list', 'config view'],
]

describeClient("Harbor's own command line", ['harbor'], (scenario, transport) => {
  if (transport === 'https') return // It trusts the system's authorities only.
  test(
    'signs in, makes and removes, and reads everything',
    async () => {
      const { registry, programs } = scenario()
      await using folder = await createTemporaryFolder()
      const env = { HOME: folder.path }
      const harbor = (line: string) => runCommand([programs.harbor, ...line.split(' ')], { env })
      await harbor(`login ${registry.url} -u ${registry.username} -p ${registry.password}`)
      await harbor('project create cli --storage-limit -1')
      await new V2Client(registry).pushImage('cli/app', createUniqueImage(), 'v1')
      await harbor('label create -n from-the-cli --color #FFFFFF --scope g')
      await harbor('user create --username clive --email clive@example.org --realname Clive --password Harbor12345')
      await harbor('project member create cli --username clive --roleid 2')
      const again = await tryCommand([programs.harbor, 'project', 'create', 'cli', '--storage-limit', '-1'], { env })
      expect(again.stdout + again.stderr).toContain('already exists')
      for (const line of reads) {
        const read = await tryCommand([programs.harbor, ...line.split(' '), '-o', 'json'], { env })
        expect([line, read.code, read.stderr.replace(/^time=.*keyring.*$/m, '').trim()]).toEqual([line, 0, ''])
      }
      expect(await harbor('artifact view cli/app:v1 -o json')).toContain('sha256:')
      await harbor('label delete from-the-cli')
      const none = await tryCommand([programs.harbor, 'label', 'list'], { env })
      expect(none.stderr).toContain('no labels found')
    },
    timeoutMs,
  )
})
