import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { alertsMissing, runCommandOf, Watch } from '../harness/alerts.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { createUniqueImage } from '../harness/image.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { flipStoredBit } from '../harness/stored-bytes.ts'
import { V2Client } from '../harness/v2-client.ts'

setDefaultTimeout(90_000)

if (alertsMissing !== undefined) skipLoudly('alerts about content', alertsMissing)
else
  describeOnEachDatabase(
    'an alert about content',
    (registry, query) => {
      test('says that a project is full, from the first push that does not fit until there is room', async () => {
        const { control } = registry()
        const client = new V2Client(registry())
        await client.pushImage('library/full', createUniqueImage(), 'v1')
        const watch = new Watch(registry())
        await watch.stands(20)
        await watch.expectFiring()

        // Something still fits: the quota is not used up, and yet nothing of use can be pushed.
        const [quota] = JSON.parse(await control.berth(['quota', 'list', '--output', 'json']))
        await control.berth(['quota', 'set', 'library', `${quota.used.storage + 100}`])
        await expect(client.pushImage('library/full', createUniqueImage(), 'v2')).rejects.toThrow('403')
        await watch.stands(10)
        await watch.expectFiring('BerthQuotaFull')
        expect(await runCommandOf('BerthQuotaFull', control)).toMatch(/library .*9\d %|library .*100 %/)

        await control.berth(['quota', 'set', 'library', 'unlimited'])
        await client.pushImage('library/full', createUniqueImage(), 'v2')
        await watch.stands(20)
        await watch.expectFiring()
      })

      test('says that bytes are damaged, and that a backup lacks them, until they are pushed again and backed up', async () => {
        const { control } = registry()
        const client = new V2Client(registry())
        const image = createUniqueImage()
        await client.pushImage('library/damaged', image, 'v1')
        const watch = new Watch(registry())

        const digest = [...image.content.keys()].find((each) => each !== image.descriptor.digest)!
        await flipStoredBit(join(control.dataFolder, 'storage', 'blobs'), digest)
        await control.berth(['scrub', 'run'])
        await watch.sees('berth_blobs_damaged', 1)
        await watch.stands(5)
        await watch.expectFiring('BerthBlobsDamaged')
        expect(await runCommandOf('BerthBlobsDamaged', control)).toContain(digest)

        await control.tryBerth(['backup'])
        await watch.sees('berth_backup_last_damaged_blobs', 1)
        await watch.stands(5)
        await watch.expectFiring('BerthBackupIncomplete', 'BerthBlobsDamaged')
        expect(await runCommandOf('BerthBackupIncomplete', control)).toContain(digest)

        await client.pushImage('library/damaged', image, 'v1')
        await control.berth(['backup'])
        await watch.sees('berth_backup_last_damaged_blobs', 0)
        await watch.sees('berth_blobs_damaged', 0)
        await watch.stands(5)
        await watch.expectFiring()
      })

      test('says that the last backup is old, until there is a new one', async () => {
        const { control } = registry()
        await control.berth(['backup'])
        const watch = new Watch(registry())
        const day = 86_400
        await query(`update backup_run set finished_at = finished_at - ${3_000 * day}`)
        const finished = 'berth_backup_last_success_timestamp_seconds'
        await watch.sees(finished, (at) => at < Date.now() / 1000 - 2 * day)
        await watch.stands(5)
        await watch.expectFiring('BerthBackupOld')
        expect(await runCommandOf('BerthBackupOld', control)).toMatch(/age +\d{2,}/)

        await control.berth(['backup'])
        await watch.sees(finished, (at) => at > Date.now() / 1000 - day)
        await watch.stands(5)
        await watch.expectFiring()
      })
    },
    { postgresInLongForm: true, env: { BERTH_BACKUP_TO: 'backups' } },
  )
