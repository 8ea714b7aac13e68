import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../harness/eventually.ts'
import { createCertificate, type CertificateFiles } from '../harness/private-authority.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { findFreePort, startRegistry } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { ApiClient } from './contract-client.ts'

const subject = 'the audit log in rsyslog, over TLS'
const timeoutMs = 180_000
const rsyslogd = findClient('rsyslogd')

/** Debian's syslog server, on a port of its own; a line for each message that it took, as it understood it. */
async function composeRsyslog(folder: string, port: number, files: CertificateFiles) {
  const [settings, received] = [join(folder, 'rsyslog.conf'), join(folder, 'received')]
  await writeFile(
    settings,
    `global(workDirectory="${folder}" defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="${files.authorityFile}"
       defaultNetstreamDriverCertFile="${files.certificateFile}" defaultNetstreamDriverKeyFile="${files.privateKeyFile}")
     module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
     template(name="line" type="string" string="%app-name% %msgid% %structured-data%\\n")
     ruleset(name="audit") { action(type="omfile" file="${received}" template="line") }
     input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="audit")`,
  )
  return {
    start() {
      const child = Bun.spawn([rsyslogd!, '-n', '-f', settings, '-i', join(folder, 'pid')], {
        stdin: 'ignore',
        stdout: 'ignore',
        stderr: 'ignore',
      })
      return {
        async [Symbol.asyncDispose]() {
          child.kill('SIGKILL')
          await child.exited
        },
      }
    },
    lines: () => (existsSync(received) ? readFileSync(received, 'utf8').trim().split('\n') : []),
  }
}

if (rsyslogd === undefined) skipLoudly(subject, 'not on this machine: rsyslogd')
else {
  describe(subject, () => {
    test(
      'has every event, in its order, as structured data, also those from while it was killed',
      async () => {
        await using folder = await createTemporaryFolder()
        const files = await createCertificate(folder.path)
        const port = await findFreePort()
        const rsyslog = await composeRsyslog(folder.path, port, files)
        const env = {
          BERTH_AUDIT_SYSLOG_URL: `tls://127.0.0.1:${port}`,
          BERTH_AUDIT_SYSLOG_CA_FILE: files.authorityFile,
        }
        await using registry = await startRegistry({ env })
        const admin = new ApiClient(registry)
        const create = async (from: number, to: number) => {
          for (let index = from; index < to; index += 1) {
            const body = { project_name: `p${index}`, metadata: { public: 'false' } }
            expect((await admin.call('POST /projects', { body })).status).toBe(201)
          }
        }
        const seen = () => [
          ...new Set(
            rsyslog
              .lines()
              .filter((line) => line.startsWith('berth create_project '))
              .map((line) => /resource="([^"]+)"/.exec(line)?.[1]),
          ),
        ]
        const all = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`)
        {
          await using _first = rsyslog.start()
          await create(0, 10)
          await eventually(async () => expect(seen()).toEqual(all(10)))
        }
        await create(10, 20)
        await using _second = rsyslog.start()
        await create(20, 25)
        await eventually(async () => expect(seen()).toEqual(all(25)), 60_000)
        const ids = rsyslog.lines().map((line) => /\bid="[^"]*-(\d+)"/.exec(line)?.[1])
        expect(ids).not.toContain(undefined)
      },
      timeoutMs,
    )

    test(
      'has nothing when its certificate is of nobody that is trusted, and the reason is told',
      async () => {
        await using folder = await createTemporaryFolder()
        const port = await findFreePort()
        const rsyslog = await composeRsyslog(folder.path, port, await createCertificate(folder.path))
        await using _server = rsyslog.start()
        await using registry = await startRegistry({ env: { BERTH_AUDIT_SYSLOG_URL: `tls://127.0.0.1:${port}` } })
        const admin = new ApiClient(registry)
        await admin.call('POST /projects', { body: { project_name: 'p', metadata: { public: 'false' } } })
        await eventually(async () => {
          const { body } = await admin.call<{ error?: string }[]>('GET /system/audit-log/sinks')
          expect(body[0]?.error).toMatch(/certificate/i)
        })
        expect(rsyslog.lines()).toEqual([])
      },
      timeoutMs,
    )
  })
}
