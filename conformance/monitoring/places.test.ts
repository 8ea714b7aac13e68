import { expect, setDefaultTimeout, test } from 'bun:test'
import { copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { alertsMissing, runCommandOf, Watch } from '../harness/alerts.ts'
import { zeroTable } from '../harness/damaged-database.ts'
import { createUniqueImage } from '../harness/image.ts'
import { createCertificate } from '../harness/private-authority.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { startControlledRegistry } from '../harness/scenario.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'

// promtool goes through weeks of samples with every rule.
setDefaultTimeout(240_000)

const title = 'alerts about what a registry stands on'

if (alertsMissing !== undefined) skipLoudly(title, alertsMissing)
else {
  test('a registry that has ended is told of', async () => {
    await using registry = await startControlledRegistry()
    const { control } = registry
    const watch = new Watch(registry)
    await watch.stands(5)
    await watch.expectFiring()
    process.kill(control.pid(), 'SIGKILL')
    await control.death()
    await watch.stands(5)
    await watch.expectFiring('BerthDown')
    expect(await runCommandOf('BerthDown', control)).toMatch(/port \d+: .*free/)
    await control.restart('SIGKILL')
    await watch.stands(2)
    await watch.expectFiring()
  })

  test('a folder of bytes that is gone is told of, until it is back', async () => {
    await using registry = await startControlledRegistry()
    const { control } = registry
    const watch = new Watch(registry)
    await watch.sees('berth_ready', 1)
    await watch.stands(5)
    await watch.expectFiring()
    const folder = join(control.dataFolder, 'storage')
    await rename(folder, `${folder}-elsewhere`)
    await watch.sees('berth_check_ok', 0, 'part="storage"')
    await watch.stands(5)
    await watch.expectFiring('BerthNotReady')
    expect(await runCommandOf('BerthNotReady', control)).toMatch(/✗ folder .*storage.*✗ ready: .*storage: failed/s)
    await rm(folder, { recursive: true, force: true })
    await rename(`${folder}-elsewhere`, folder)
    await watch.sees('berth_ready', 1)
    await watch.stands(2)
    await watch.expectFiring()
  })

  test('a certificate that soon ends is told of, until another lies in its file, without a restart', async () => {
    await using folder = await createTemporaryFolder()
    const at = async (name: string, days: number) => {
      await mkdir(join(folder.path, name))
      return await createCertificate(join(folder.path, name), { days })
    }
    const [old, renewed] = [await at('old', 5), await at('new', 90)]
    await using registry = await startControlledRegistry({
      transport: 'https',
      env: {
        BERTH_HTTPS_CERTIFICATE: old.certificateFile,
        BERTH_HTTPS_PRIVATE_KEY: old.privateKeyFile,
      },
    })
    const watch = new Watch(registry)
    await watch.stands(15)
    await watch.expectFiring('BerthCertificateExpiresSoon')
    expect(await runCommandOf('BerthCertificateExpiresSoon', registry.control)).toMatch(/[✗!].*(ends|expires)/)
    await copyFile(renewed.privateKeyFile, old.privateKeyFile)
    await copyFile(renewed.certificateFile, old.certificateFile)
    await watch.sees('berth_certificate_not_after_timestamp_seconds', (at) => at > Date.now() / 1000 + 80 * 86_400)
    await watch.stands(2)
    await watch.expectFiring()
  })

  test('pages of the database that are damaged are told of', async () => {
    await using registry = await startControlledRegistry()
    const { control } = registry
    await new V2Client(registry).pushImage('library/app', createUniqueImage(), 'v1')
    const watch = new Watch(registry)
    await watch.stands(5)
    process.kill(control.pid(), 'SIGTERM')
    await control.death()
    await zeroTable(join(control.dataFolder, 'berth.db'), 'label')
    await control.restart('SIGTERM')
    await watch.sees('berth_database_damaged', 1)
    await watch.sees('berth_ready', 0)
    await watch.stands(5)
    await watch.expectFiring('BerthDatabaseDamaged', 'BerthNotReady')
    expect(await runCommandOf('BerthDatabaseDamaged', control)).toMatch(/damaged.*restore/s)
  })
}
