import { counted } from '../counted.ts'
import type { AnswerOf, RegistryApi } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { formatBytes } from '../format-bytes.ts'
import { formatTable, type Outcome } from '../output.ts'
import type { RegistryCommand } from '../registry-command.ts'

/** What one may not see is left out; the rest of the picture stands. */
async function unlessRefused<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof CommandError && (error.kind === 'refused' || error.kind === 'not-signed-in')) return undefined
    throw error
  }
}

export const statusCommand: RegistryCommand = {
  usage: 'status',
  description:
    'how the registry is: health, storage, content, work, and what needs attention; exit code 1 when it is ill or needs you',
  example: 'berth status --url https://registry.example.com',
  run: async (api) => {
    const facts = await gather(api)
    if (facts.health.status !== 'healthy' || facts.attention?.some(({ severity }) => severity === 'critical') === true)
      process.exitCode = 1
    return present(api, facts)
  },
}

export async function gather(api: RegistryApi) {
  return {
    health: await api.call('GET /health'),
    info: await unlessRefused(api.call('GET /systeminfo')),
    statistics: await unlessRefused(api.call('GET /statistics')),
    volumes: await unlessRefused(api.call('GET /systeminfo/volumes')),
    running: await unlessRefused(countJobs(api, 'running')),
    waiting: await unlessRefused(countJobs(api, 'pending,delayed')),
    failed: await unlessRefused(countJobs(api, 'failed')),
    scrub: await unlessRefused(api.call('GET /system/scrub')),
    attention: await unlessRefused(api.call('GET /statistics/attention')),
  }
}

type Facts = Awaited<ReturnType<typeof gather>>

async function countJobs(api: RegistryApi, status: string): Promise<{ count: number; more: boolean }> {
  const { rows, more } = await api.list('GET /jobs', { query: { status } }, 100)
  return { count: rows.length, more }
}

const countOf = (jobs: { count: number; more: boolean } | undefined): string =>
  jobs === undefined ? '?' : `${jobs.count}${jobs.more ? '+' : ''}`

function present(api: RegistryApi, facts: Facts): Outcome {
  const { health, info, statistics, volumes, scrub, attention } = facts
  const ill = health.components.filter(({ status }) => status !== 'healthy')
  const [volume] = volumes?.storage ?? []
  const rows = [
    ['registry', `${api.name}${info?.harbor_version === undefined ? '' : ` (${info.harbor_version})`}`],
    [
      'health',
      ill.length === 0 ? health.status : ill.map(({ name, error }) => `${name}: ${error ?? 'ill'}`).join('; '),
    ],
    ...(info?.read_only === true ? [['mode', 'READ-ONLY: nothing can be pushed']] : []),
    ...(volume === undefined || volume.total === 0
      ? [['storage', info?.registry_storage_provider_name ?? '?']]
      : [['storage', `${formatBytes(volume.free)} of ${formatBytes(volume.total)} free`]]),
    ...(statistics === undefined ? [] : [['content', describeContent(statistics)]]),
    ...(facts.running === undefined
      ? []
      : [
          [
            'jobs',
            `${countOf(facts.running)} running, ${countOf(facts.waiting)} waiting, ${countOf(facts.failed)} failed`,
          ],
        ]),
    ...(scrub === undefined ? [] : [['damaged blobs', String(scrub.damaged_blobs)]]),
  ]
  const concerns = (attention ?? []).map(
    (concern) => `${concern.severity === 'critical' ? '✗' : '!'} ${describe(concern)}`,
  )
  const unseen = info?.harbor_version === undefined ? ['sign in to see more: berth login <url>'] : []
  return {
    text: [formatTable(rows), ...(concerns.length > 0 ? [''] : []), ...concerns, ...unseen].join('\n'),
    json: { registry: api.name, ...facts },
  }
}

function describeContent(statistics: AnswerOf<'GET /statistics'>): string {
  const projects = statistics.total_project_count || statistics.private_project_count + statistics.public_project_count
  const repositories = statistics.total_repo_count || statistics.private_repo_count + statistics.public_repo_count
  const bytes = statistics.total_storage_consumption
  return `${counted(projects, 'project')}, ${counted(repositories, 'repository', 'repositories')}${bytes > 0 ? `, ${formatBytes(bytes)}` : ''}`
}

type Concern = AnswerOf<'GET /statistics/attention'>[number]

function describe(concern: Concern): string {
  const { project, robot, count, expires_at: end, used_bytes: used, total_bytes: total } = concern
  const room = used === undefined || total === undefined ? '' : `: ${formatBytes(used)} of ${formatBytes(total)}`
  const sentences: Readonly<Record<Concern['kind'], string>> = {
    'default-password': 'the administrator has the password of every manual: berth user set-password admin',
    'disk-nearly-full': `the disk is nearly full${room}: berth gc run --dry-run shows what can go`,
    'certificate-expiring': `the certificate ends ${end ?? ''}`,
    'jobs-failed': `${count ?? 'some'} jobs failed: berth job list --status failed`,
    'scrub-unscheduled': 'nothing reads the stored bytes again: berth scrub schedule weekly',
    'vulnerability-data-missing': 'scans fail: no vulnerability data; berth db import FILE',
    'vulnerability-data-old': 'vulnerability data is more than a week old; berth db import FILE, or berth db schedule',
    'exploited-vulnerabilities': `${count ?? 'some'} vulnerabilities in images are exploited already: berth security list --exploited`,
    'scan-all-failed': `the last scan of everything failed for ${count ?? 'some'} images: berth scan-all failures`,
    'signers-unnamed': `${count ?? 'some'} projects take signatures of everybody, because nobody is named: berth signer create`,
    'quarantine-waiting': `${count ?? 'some'} artifacts have been in quarantine for three days: berth quarantine list PROJECT`,
    'audit-log-changed': `the audit log is not what was sealed, ${count ?? 'some'} findings: berth audit verify`,
    'audit-sinks-behind': `${count ?? 'some'} receivers of the audit log do not have all of it: berth audit sinks`,
    'quota-nearly-full': `the quota of ${project ?? ''} is nearly full${room}: berth quota show ${project ?? ''}`,
    'robot-expiring': `the robot ${robot ?? ''} ends ${end ?? ''}`,
  }
  return sentences[concern.kind]
}
