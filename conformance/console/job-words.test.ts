import { beforeAll, expect, test } from 'bun:test'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'

interface ShownJob {
  readonly id: number
  readonly job_type: string
  readonly status: string
}

const over = ['succeeded', 'failed', 'stopped']

/** Proper names stand in no language's letters. */
const properNames = ['SBOM', 'Blob']

describeConsole('jobs', (scenario) => {
  const jobs = new Map<string, ShownJob>()
  beforeAll(async () => {
    const { registry } = scenario()
    const client = new V2Client(registry)
    await client.pushImage('library/app', createUniqueImage(), 'v1')
    const send = async (method: string, path: string, body?: object) => {
      const response = await client.request(`/api/v2.0${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
      return response
    }
    const schedule = { type: 'Manual' }
    await send('POST', '/system/gc/schedule', { schedule, parameters: { delete_untagged: true, dry_run: false } })
    const types = { audit_retention_hour: 48, include_event_types: 'create_artifact,pull_artifact', dry_run: true }
    await send('POST', '/system/purgeaudit/schedule', { schedule, parameters: types })
    await send('POST', '/system/scrub/schedule', { schedule })
    const retention = await send('POST', '/retentions', {
      algorithm: 'or',
      scope: { level: 'project', ref: 1 },
      trigger: { kind: 'Schedule', settings: { cron: '' } },
      rules: [
        {
          action: 'retain',
          template: 'always',
          params: {},
          tag_selectors: [{ kind: 'doublestar', decoration: 'matches', pattern: '**' }],
          scope_selectors: { repository: [{ kind: 'doublestar', decoration: 'repoMatches', pattern: '**' }] },
        },
      ],
    })
    const policy = retention.headers.get('location')!.split('/').at(-1)!
    await send('POST', `/retentions/${policy}/executions`, { dry_run: true })
    await send('POST', '/projects/library/repositories/app/artifacts/v1/scan', {})
    const wanted = ['GARBAGE_COLLECTION', 'PURGE_AUDIT_LOG', 'SCRUB', 'RETENTION', 'RETAIN_REPOSITORY', 'IMAGE_SCAN']
    const isOver = (type: string) => over.includes(jobs.get(type)?.status ?? '')
    while (!wanted.every(isOver)) {
      const listed = (await (await send('GET', '/jobs?page_size=100')).json()) as readonly ShownJob[]
      for (const job of listed) jobs.set(job.job_type, job)
      await Bun.sleep(100)
    }
  }, 120_000)

  for (const language of languages) {
    test(`what a job is, was told and came to is said in the reader's language, ${language}`, async () => {
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async (visitor) => {
        const { page, open } = visitor
        for (const { id, job_type: type } of jobs.values()) {
          await open(`/administration/jobs/${id}`)
          await visitor.picture(`job-${type.toLowerCase()}`)
          const title = await page.getByRole('heading', { level: 1 }).innerText()
          const names = await page.locator('dd li > span:first-child').allInnerTexts()
          expect([type, names.length > 0]).toEqual([type, true])
          const strange = [title, ...names].filter((name) => !isOf(language, name))
          expect([type, strange]).toEqual([type, []])
        }
        await visitor.expectAccessible()
      })
    })
  }
})

/** A name of the program stands in one word of small letters and capitals, or in a type's capitals. */
function isOf(language: string, name: string): boolean {
  if (properNames.includes(name)) return true
  return language === 'en'
    ? /^[A-Z][a-zA-Z]*( |$)/.test(name) && !/[a-z][A-Z]/.test(name)
    : /\p{Script=Han}/u.test(name)
}
