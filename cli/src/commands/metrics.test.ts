import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve, type Serving } from '../../test/berth-process.ts'

setDefaultTimeout(60_000) // starts processes

let folder: string
let registry: Serving
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-metrics-'))
  registry = await serve(['--data', join(folder, 'data')], { cwd: folder, env: { BERTH_WORKERS: '2' } })
  await registry.says('docker login')
  // The first look at the registry is not waited for by the start.
  while (!(await scrape()).includes('berth_projects{')) await Bun.sleep(50)
})
afterAll(async () => {
  await registry[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const scrape = async (query = ''): Promise<string> => await (await fetch(`${registry.url}/metrics${query}`)).text()
const namesIn = (text: string): string[] => [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!)

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

test.skipIf(!hasPromtool)(
  `promtool has nothing to say about our metrics${hasPromtool ? '' : ': NOT RUN, promtool is not installed (Debian: prometheus)'}`,
  async () => {
    await fetch(`${registry.url}/v2/`)
    const lines = (await scrape()).split('\n')
    // Harbor's own names end in _total where they count nothing.
    const ours = lines.filter((line) => !/^(# (HELP|TYPE) )?harbor_/.test(line)).join('\n')
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { input: ours, encoding: 'utf8' })
    expect([status, stdout, stderr]).toEqual([0, '', ''])
  },
)

test('every family stands once, whichever worker is asked', async () => {
  for (let count = 0; count < 4; count += 1) {
    const text = await (await fetch(`${registry.url}/metrics`, { headers: { connection: 'close' } })).text()
    const names = namesIn(text)
    expect(new Set(names).size).toBe(names.length)
    const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(new Set(series.map((line) => line.slice(0, line.lastIndexOf(' ')))).size).toBe(series.length)
    expect(text).toContain('\nberth_projects{public="true"} 1\n')
    expect(text).toContain('berth_ready{worker="1"} 1')
    expect(text).toContain('berth_ready{worker="2"} 1')
  }
})

test('what can page somebody has a metric', async () => {
  await fetch(`${registry.url}/v2/`)
  const names = namesIn(await scrape())
  expect(names).toEqual(
    expect.arrayContaining([
      ...['berth_ready', 'berth_draining', 'berth_check_ok', 'berth_build_info', 'berth_event_loop_lag_seconds'],
      ...['berth_disk_free_bytes', 'berth_disk_total_bytes', 'berth_storage_full', 'berth_database_damaged'],
      ...['berth_database_write_seconds', 'berth_database_read_seconds', 'berth_database_errors_total'],
      ...['berth_database_bytes', 'berth_database_wal_bytes', 'berth_unhandled_errors_total', 'berth_errors_total'],
      ...['berth_upload_sessions', 'berth_upload_sessions_expired', 'berth_upload_staged_bytes', 'berth_jobs'],
      ...['berth_job_oldest_age_seconds', 'berth_schedules_overdue', 'berth_gc_pending_bytes', 'berth_quota_projects'],
      ...['berth_blobs_damaged', 'berth_scrub_last_finished_timestamp_seconds', 'berth_logins_failed_total'],
      ...['berth_logins_braked_total', 'berth_artifacts', 'berth_blobs', 'berth_blob_bytes', 'berth_users'],
      ...['process_max_fds', 'process_open_fds', 'berth_http_requests_total', 'berth_http_requests_aborted_total'],
      ...['berth_gc_blobs_deleted_total', 'berth_gc_bytes_freed_total', 'berth_gc_last_run_timestamp_seconds'],
    ]),
  )
})

// What the dashboard and the tests of Harbor ask each of its components for.
const ofHarbor = {
  exporter: [
    ...['harbor_health', 'harbor_up', 'harbor_system_info', 'harbor_project_total', 'harbor_project_repo_total'],
    ...['harbor_project_quota_usage_byte', 'harbor_project_quota_byte', 'harbor_project_member_total'],
    ...['harbor_artifact_pulled', 'harbor_project_artifact_total', 'harbor_statistics_total_storage_consumption'],
    ...[
      'harbor_task_queue_size',
      'harbor_task_queue_latency',
      'harbor_task_concurrency',
      'harbor_task_scheduled_total',
    ],
  ],
  core: [
    ...['harbor_core_http_inflight_requests', 'harbor_core_http_request_total'],
    'harbor_core_http_request_duration_seconds',
  ],
  registry: [
    ...['registry_http_in_flight_requests', 'registry_http_requests_total', 'registry_http_request_duration_seconds'],
    ...['registry_http_request_size_bytes', 'registry_http_response_size_bytes'],
  ],
  jobservice: [
    ...['harbor_jobservice_info', 'harbor_jobservice_task_total', 'harbor_jobservice_task_process_time_seconds'],
  ],
}

test.each(Object.entries(ofHarbor))("the metrics of Harbor's %s have its names", async (component, expected) => {
  const text = await scrape(`?comp=${component}`)
  const runtime = ['go_info', 'go_goroutines', 'go_memstats_alloc_bytes', 'go_gc_duration_seconds']
  expect(namesIn(text)).toEqual(expect.arrayContaining([...expected, ...runtime]))
  expect(text).not.toContain('berth_http')
})

test("each of Harbor's four jobs of a scrape gets what no other gets", async () => {
  const own = async (query: string) => namesIn(await scrape(query)).filter((name) => /^(harbor|registry)_/.test(name))
  const all = [
    await own(''),
    await own('?comp=core'),
    await own('?comp=registry'),
    await own('?comp=jobservice'),
  ].flat()
  expect(new Set(all).size).toBe(all.length)
  expect(await own('')).toContain('harbor_project_total')
})

test('failed logins are counted', async () => {
  const failed = async () => Number(/^berth_logins_failed_total (\d+)$/m.exec(await scrape())?.[1])
  const before = await failed()
  const authorization = `Basic ${Buffer.from('admin:Wrong12345').toString('base64')}`
  expect((await fetch(`${registry.url}/v2/`, { headers: { authorization } })).status).toBe(401)
  expect(await failed()).toBe(before + 1)
})
