import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { ApiClient } from '../api/contract-client.ts'
import { runCommand, tryCommand } from '../harness/command.ts'
import { createIndex, createUniqueImage, writeLayout, type Image } from '../harness/image.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

interface Execution {
  readonly id: number
  readonly status: string
}
interface Task {
  readonly id: number
  readonly total: number
  readonly retained: number
}

const [skopeo, crane] = [findClient('skopeo'), findClient('crane')]

if (skopeo === undefined || crane === undefined) {
  skipLoudly('retention with skopeo and crane', 'not on this machine: skopeo, crane')
} else {
  describeControlledScenario('retention of what skopeo pushed', (registry) => {
    test('a dry run and a run decide the same; crane finds what was kept and nothing of what was removed', async () => {
      await using folder = await createTemporaryFolder()
      const { host, username, password } = registry()
      const env = {
        REGISTRY_AUTH_FILE: join(folder.path, 'auth.json'),
        DOCKER_CONFIG: folder.path,
        TMPDIR: folder.path,
      }
      const login = ['login', '-u', username, '--password-stdin']
      await runCommand([skopeo, ...login, '--tls-verify=false', host], { env, stdin: password })
      await runCommand([crane, 'auth', ...login, host], { env, stdin: password })
      const project = await addProject(registry())
      const push = async (tag: string, image: Image) => {
        const layout = join(folder.path, tag)
        await writeLayout(layout, image, tag)
        const to = `docker://${host}/${project}/app:${tag}`
        await runCommand(
          [skopeo, '--insecure-policy', 'copy', '--all', '--dest-tls-verify=false', `oci:${layout}:${tag}`, to],
          { env },
        )
        return image
      }
      const old = await push('nightly-1', createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')]))
      await push('nightly-2', createUniqueImage())
      await push('nightly-3', createUniqueImage())
      const kept = await push('v1', createIndex([createUniqueImage('amd64'), createUniqueImage('arm64')]))
      const read = async (digest: string) =>
        (await tryCommand([crane, 'manifest', '--insecure', `${host}/${project}/app@${digest}`], { env })).code
      const tags = async () =>
        (await runCommand([crane, 'ls', '--insecure', `${host}/${project}/app`], { env })).trim().split('\n')

      const admin = new ApiClient(registry())
      const { body } = await admin.call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
        params: { project_name_or_id: project },
      })
      const rule = (template: string, params: object, pattern: string) => ({
        action: 'retain',
        template,
        params,
        tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern, extras: '{"untagged":false}' }],
        scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
      })
      const made = await admin.call('POST /retentions', {
        body: {
          algorithm: 'or',
          rules: [rule('latestPushedK', { latestPushedK: 2 }, 'nightly-*'), rule('always', {}, 'v*')],
          trigger: { kind: 'Schedule', settings: { cron: '' } },
          scope: { level: 'project', ref: body.project_id },
        },
      })
      const id = Number(/\d+$/.exec(made.headers.get('location')!)![0])
      const run = async (dryRun: boolean) => {
        await admin.call('POST /retentions/{id}/executions', { params: { id }, body: { dry_run: dryRun } })
        for (;;) {
          const [execution] = (await admin.call<Execution[]>('GET /retentions/{id}/executions', { params: { id } }))
            .body
          const params = { id, eid: execution!.id }
          if (['Pending', 'Running'].includes(execution!.status)) await Bun.sleep(100)
          else return (await admin.call<Task[]>('GET /retentions/{id}/executions/{eid}/tasks', { params })).body[0]!
        }
      }

      const dry = await run(true)
      expect(dry).toMatchObject({ total: 4, retained: 3 })
      expect(await tags()).toEqual(['nightly-1', 'nightly-2', 'nightly-3', 'v1'])
      expect(await run(false)).toMatchObject({ total: dry.total, retained: dry.retained })
      expect(await tags()).toEqual(['nightly-2', 'nightly-3', 'v1'])
      const manifestsOf = ({ content }: Image) =>
        [...content]
          .filter(([, bytes]) => new TextDecoder().decode(bytes).includes('schemaVersion'))
          .map(([digest]) => digest)
      for (const digest of manifestsOf(kept)) expect([digest, await read(digest)]).toEqual([digest, 0])
      for (const digest of manifestsOf(old)) expect([digest, await read(digest)]).toEqual([digest, 1])
    }, 120_000)
  })
}
