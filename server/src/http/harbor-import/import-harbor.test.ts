import { expect, test } from 'bun:test'
import type { HarborImport } from './harbor-import.ts'
import { HarborReport } from './harbor-report.ts'
import { importHarbor } from './import-harbor.ts'

const importRobots = async (robots: readonly object[], status?: number) => await importList('/robots', robots, status)

/** Imports a Harbor that has nothing but what is in this list; what our own API is asked for. */
async function importList(list: string, items: readonly object[], status = 201) {
  const asked: { readonly target: string; readonly body: Record<string, unknown> }[] = []
  const report = new HarborReport()
  await importHarbor({
    source: {
      async *walk(path: string) {
        if (path === list) yield* items
      },
      find: async () => undefined,
    },
    own: {
      call: async (method: string, target: string, body: Record<string, unknown>) => {
        if (method === 'POST') asked.push({ target, body })
        return { status, body: undefined, message: 'refused for a reason' }
      },
    },
    report,
    secrets: undefined,
    isWantedProject: () => true,
  } as unknown as HarborImport)
  return { asked, report }
}

const access = [{ resource: 'repository', action: 'push', effect: 'deny' }]
const robot = { name: 'robot$ci', level: 'system', permissions: [{ kind: 'project', namespace: '*', access }] }

test('what a robot of a Harbor may is said as it is there, with its effect, for our own API to judge', async () => {
  const { asked } = await importRobots([{ ...robot, duration: -1, expires_at: -1 }])
  expect(asked).toEqual([
    { target: '/robots', body: { name: 'ci', level: 'system', permissions: robot.permissions, duration: -1 } },
  ])
})

test('a robot of a Harbor ends when it would have ended there', async () => {
  const ends = async (given: object) => {
    const { asked } = await importRobots([{ ...robot, ...given }])
    const { duration, expires_at } = asked[0]!.body
    return { duration, expires_at }
  }
  expect(await ends({ duration: 30, expires_at: 1_700_000_000 })).toEqual({
    duration: undefined,
    expires_at: 1_700_000_000,
  })
  expect(await ends({ duration: 30, expires_at: -1 })).toEqual({ duration: -1, expires_at: undefined })
  expect(await ends({ duration: 30 })).toEqual({ duration: 30, expires_at: undefined })
  expect(await ends({ duration: 0 })).toEqual({ duration: 0, expires_at: undefined })
})

test('a robot that our API refuses is left out with its reason', async () => {
  const { report } = await importRobots([{ ...robot, duration: -1 }], 400)
  expect(report.notTaken).toEqual([{ kind: 'robot', name: 'robot$ci', message: 'refused for a reason' }])
})

test('an adapter of a Harbor is tried from here; one with a credential, and the engine of another Berth, are not', async () => {
  const scanner = { name: 'Grype', url: 'http://grype.example.com', auth: '', access_credential: '', is_default: true }
  const others = [
    { ...scanner, name: 'Paid', auth: 'Bearer' },
    { ...scanner, name: 'Berth', url: 'berth:engine' },
  ]
  const { asked, report } = await importList('/scanners', [scanner, ...others])
  expect(asked).toEqual([{ target: '/scanners', body: { name: 'Grype', url: 'http://grype.example.com' } }])
  expect(report.taken).toEqual({ scanner: 1 })
  expect(report.notTaken.map(({ name }) => name)).toEqual(['Paid'])
  const refused = await importList('/scanners', [scanner], 500)
  expect(refused.report.notTaken).toEqual([{ kind: 'scanner', name: 'Grype', message: 'refused for a reason' }])
})
