import type { ProjectMeasures } from '../../domain/measures/measure-projects.ts'
import type { RegistryMeasures } from '../../domain/measures/measure-registry.ts'
import { harborTypeOf } from '../harbor/operations/job-words.ts'
import { fact, type Sample } from './families.ts'
import type { MetricFamily } from './metric-families.ts'

/** What Harbor's exporter tells, under its names, so that dashboards and alerts made for Harbor go on. */
export interface HarborFacts {
  readonly registry: RegistryMeasures
  readonly projects: readonly ProjectMeasures[]
  readonly system: { readonly authMode: string; readonly version: string; readonly selfRegistration: boolean }
  /** Components of `GET /health` and whether they are well. */
  readonly components: readonly (readonly [component: string, healthy: boolean])[]
  readonly pool: { readonly id: string; readonly concurrency: number }
}

export function exporterFamilies(facts: HarborFacts): MetricFamily[] {
  return [...healthFamilies(facts), ...projectFamilies(facts), ...statisticFamilies(facts), ...taskFamilies(facts)]
}

function healthFamilies({ components, system }: HarborFacts): MetricFamily[] {
  const well = components.every(([, healthy]) => healthy)
  const labels = {
    auth_mode: system.authMode,
    harbor_version: system.version,
    self_registration: String(system.selfRegistration),
  }
  return [
    fact('harbor_health', 'Running status of Harbor', [{}, Number(well)]),
    fact(
      'harbor_up',
      'Running status of harbor component',
      ...components.map(([component, healthy]) => [{ component }, Number(healthy)] as const),
    ),
    fact('harbor_system_info', 'Information of Harbor system', [labels, 1]),
  ]
}

function projectFamilies({ registry, projects }: HarborFacts): MetricFamily[] {
  const each = (valueOf: (project: ProjectMeasures) => number): Sample[] =>
    projects.map((project) => [{ project_name: project.name }, valueOf(project)] as const)
  const eachPublic = (labels: Record<string, string>, valueOf: (project: ProjectMeasures) => number): Sample[] =>
    projects.map(
      (project) =>
        [{ project_name: project.name, public: String(project.public), ...labels }, valueOf(project)] as const,
    )
  return [
    fact(
      'harbor_project_total',
      'Total projects number',
      [{ public: 'false' }, registry.projects.private],
      [{ public: 'true' }, registry.projects.public],
    ),
    fact('harbor_project_quota_usage_byte', 'The used resource of a project', ...each(({ usedBytes }) => usedBytes)),
    fact('harbor_project_quota_byte', 'The quota of a project', ...each(({ quotaBytes }) => quotaBytes)),
    fact('harbor_project_repo_total', 'Total project repos number', ...eachPublic({}, (found) => found.repositories)),
    fact('harbor_project_member_total', 'Total members number of a project', ...each(({ members }) => members)),
    fact('harbor_artifact_pulled', 'The pull number of an artifact', ...each(({ pulls }) => pulls)),
    fact(
      'harbor_project_artifact_total',
      'Total project artifacts number',
      ...eachPublic({ artifact_type: 'IMAGE' }, (found) => found.artifacts),
    ),
  ]
}

function statisticFamilies({ registry }: HarborFacts): MetricFamily[] {
  const { projects, repositories } = registry
  const statistic = (name: string, help: string, value: number) => fact(`harbor_statistics_${name}`, help, [{}, value])
  return [
    statistic('total_storage_consumption', 'Total storage used', registry.blobBytes),
    statistic('total_project_amount', 'Total number of projects', projects.public + projects.private),
    statistic('public_project_amount', 'Total number of public projects', projects.public),
    statistic('private_project_amount', 'Total number of private projects', projects.private),
    statistic('total_repo_amount', 'Total number of repositories', repositories.public + repositories.private),
    statistic('public_repo_amount', 'Total number of public repositories', repositories.public),
    statistic('private_repo_amount', 'Total number of private repositories', repositories.private),
  ]
}

function taskFamilies({ registry, pool }: HarborFacts): MetricFamily[] {
  const pending = registry.jobs.filter(({ status }) => status === 'pending')
  const running = registry.jobs.filter(({ status }) => status === 'running')
  const ageOf = (since: number) => Math.max(0, (registry.at - since) / 1000)
  return [
    fact(
      'harbor_task_queue_size',
      'Total number of tasks in the queue',
      ...pending.map(({ kind, count }) => [{ type: harborTypeOf(kind) }, count] as const),
    ),
    fact(
      'harbor_task_queue_latency',
      'How long ago the next task to be processed was enqueued',
      ...pending.map(({ kind, oldestAt }) => [{ type: harborTypeOf(kind) }, ageOf(oldestAt)] as const),
    ),
    fact(
      'harbor_task_concurrency',
      'Total number of concurrent tasks on a pool',
      ...running.map(({ kind, count }) => [{ type: harborTypeOf(kind), pool: pool.id }, count] as const),
    ),
    fact('harbor_task_scheduled_total', 'Total number of scheduled tasks', [{}, registry.schedules.total]),
  ]
}
