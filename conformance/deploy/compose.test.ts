import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { tryCommand } from '../harness/command.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import type { Untyped } from './helm-chart.ts'

const deploy = join(import.meta.dir, '..', '..', 'deploy')
const checker = findClient('compose-check')
const secrets = {
  BERTH_ADMIN_PASSWORD: 'chosen',
  POSTGRES_PASSWORD: 'chosen',
  S3_SECRET_KEY: 'chosen',
  BERTH_SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
}

interface Project {
  readonly services: Readonly<Record<string, Untyped>>
  readonly volumes: Readonly<Record<string, unknown>>
}

if (checker === undefined) skipLoudly('compose files', 'not on this machine: compose-check')
else {
  const load = async (file: string, env: Readonly<Record<string, string>> = secrets) =>
    await tryCommand([checker, join(deploy, file)], { env })
  const projectOf = async (file: string): Promise<Project> => {
    const { code, stdout, stderr } = await load(file)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout) as Project
  }

  for (const file of ['compose.yml', 'compose.large.yml']) {
    test(`${file} is one that docker compose loads, and its Berth has no right and no file that it does not need`, async () => {
      const { berth } = (await projectOf(file)).services
      expect(berth).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] })
    })

    test(`${file} sets only what berth knows`, async () => {
      const { berth } = (await projectOf(file)).services
      const command = [process.execPath, join(deploy, '..', 'cli', 'src', 'main.ts'), 'config', 'show']
      const shown = await tryCommand(command, { env: berth.environment, cwd: '/' })
      expect(shown).toMatchObject({ code: 0 })
      expect(shown.stderr).not.toContain('no such setting')
    })

    test(`${file} refuses to start without a password that somebody chose`, async () => {
      for (const name of Object.keys(secrets).slice(0, file === 'compose.yml' ? 1 : 4)) {
        const { code, stderr } = await load(file, { ...secrets, [name]: '' })
        expect(code).toBe(1)
        expect(stderr).toContain(name)
      }
    })
  }

  test('a replica is given more time to stop than it drains', async () => {
    for (const [file, drainSeconds] of [
      ['compose.yml', 30],
      ['compose.large.yml', 60],
    ] as const) {
      const { berth } = (await projectOf(file)).services
      const [, minutes = '0', seconds = '0'] = /^(?:(\d+)m)?(?:(\d+)s)?$/.exec(berth.stop_grace_period)!
      expect(Number(minutes) * 60 + Number(seconds)).toBeGreaterThan(drainSeconds)
    }
  })

  test('what must stay lies in volumes: rows and bytes, nothing of the replicas', async () => {
    const { services } = await projectOf('compose.large.yml')
    const kept = Object.entries(services).flatMap(([name, { volumes = [] }]) =>
      volumes.filter(({ type }: { type: string }) => type === 'volume').map(() => name),
    )
    expect(kept.toSorted()).toEqual(['bucket', 'postgres', 's3'])
  })
}
