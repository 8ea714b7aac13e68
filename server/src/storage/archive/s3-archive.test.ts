import { afterAll, beforeAll } from 'bun:test'
import { skipLoudly } from '../../../../conformance/harness/real-client.ts'
import { s3ServerMissing, startS3Server, type S3Server } from '../../../../conformance/harness/s3-server.ts'
import { openBucket } from '../s3/s3-client.ts'
import { s3SettingsForTest } from '../s3/settings-for-test.ts'
import { describeArchive } from './archive.contract.ts'
import { openS3Archive } from './s3-archive.ts'

let server: S3Server
let buckets = 0

if (s3ServerMissing !== undefined) skipLoudly('S3 as archive', s3ServerMissing)
else {
  beforeAll(async () => void (server = await startS3Server()))
  afterAll(async () => await server.stop())
  describeArchive('S3', async () => {
    const name = `archive-${++buckets}`
    await server.createBucket(name)
    const bucket = openBucket(s3SettingsForTest({ bucket: name, endpoint: server.endpoint }))
    return { archive: openS3Archive({ bucket, name: `s3://${name}/backups` }), dispose: async () => undefined }
  })
}
