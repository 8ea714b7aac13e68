import { z } from 'zod'
import type { ReplicationStatus, ReplicationTaskStatus } from '../../../database/schema/replication.ts'
import type { ReplicationExecution, ReplicationTask } from '../../../domain/replication/replication-executions.ts'
import type { ShownPolicy } from '../../../domain/replication/replication-policies.ts'
import type { ReplicationFields, ReplicationFilter } from '../../../domain/replication/rules.ts'
import type { Registry } from '../../../domain/registries/registries.ts'
import { noTime, orAbsent, timeAnswer, timeOf } from '../frame/answers.ts'
import { formatJobId } from './job-ids.ts'
import { presentRegistry, registryAnswer } from './registries.ts'

const registryRef = z.object({ id: z.number().int().nullish() }).nullish()

const filterBody = z.object({
  type: z.string().nullish(),
  value: z.unknown().optional(),
  decoration: z.string().nullish(),
})

/** What is left out falls to what Harbor takes it for. */
export const policyBody = z.object({
  id: z.number().int().nullish(),
  name: z.string().nullish(),
  description: z.string().nullish(),
  src_registry: registryRef,
  dest_registry: registryRef,
  dest_namespace: z.string().nullish(),
  dest_namespace_replace_count: z.number().int().nullish(),
  trigger: z
    .object({
      type: z.string().nullish(),
      trigger_settings: z.object({ cron: z.string().max(200).nullish() }).nullish(),
    })
    .nullish(),
  filters: z.array(filterBody).nullish(),
  /** Before Harbor 1.7; `deletion` is what counts. */
  replicate_deletion: z.boolean().nullish(),
  deletion: z.boolean().nullish(),
  override: z.boolean().nullish(),
  enabled: z.boolean().nullish(),
  speed: z.number().int().nullish().describe('Kilobits in a second; -1 and 0: no limit.'),
  copy_by_chunk: z.boolean().nullish(),
  single_active_replication: z.boolean().nullish(),
  creation_time: z.string().nullish(),
  update_time: z.string().nullish(),
})

export function fieldsOf(body: z.output<typeof policyBody>): ReplicationFields {
  return {
    name: body.name ?? '',
    description: body.description ?? '',
    sourceRegistryId: body.src_registry?.id ?? 0,
    destinationRegistryId: body.dest_registry?.id ?? 0,
    destinationNamespace: body.dest_namespace ?? '',
    replaceCount: body.dest_namespace_replace_count ?? -1,
    filters: (body.filters ?? []).map(({ type, value, decoration }) => ({
      ...{ type: type ?? '', value, decoration: decoration ?? '' },
    })),
    trigger: body.trigger?.type ?? '',
    cron: body.trigger?.trigger_settings?.cron ?? '',
    enabled: body.enabled === true,
    deletion: body.deletion === true,
    override: body.override === true,
    copyByChunk: body.copy_by_chunk === true,
    singleActive: body.single_active_replication === true,
    speed: body.speed ?? 0,
  }
}

export const policyAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  description: z.string().optional(),
  src_registry: registryAnswer,
  dest_registry: registryAnswer,
  dest_namespace: z.string().optional(),
  dest_namespace_replace_count: z.number().int(),
  trigger: z.object({ type: z.string(), trigger_settings: z.object({ cron: z.string().optional() }) }),
  filters: z.array(z.object({ type: z.string(), value: z.unknown(), decoration: z.string().optional() })).nullable(),
  deletion: z.boolean().optional(),
  replicate_deletion: z.boolean().optional(),
  override: z.boolean().optional(),
  enabled: z.boolean().optional(),
  speed: z.number().int(),
  copy_by_chunk: z.boolean(),
  single_active_replication: z.boolean(),
  creation_time: timeAnswer,
  update_time: timeAnswer,
  lag_seconds: z.number().optional().describe('Beyond Harbor: how old the oldest change is that is not there yet.'),
  lag_bytes: z.number().int().optional().describe('Beyond Harbor: what is still to be sent, as far as it is known.'),
  held_since: timeAnswer.optional().describe('Beyond Harbor: since when its deletions wait for a person.'),
})

/** This registry, as Harbor's clients know it. */
export function presentLocal(url: string): z.output<typeof registryAnswer> {
  return {
    id: 0,
    name: 'Local',
    type: 'harbor',
    url,
    insecure: true,
    credential: { type: 'secret', access_secret: '*****' },
    status: 'healthy',
    creation_time: noTime,
    update_time: noTime,
  }
}

export function presentPolicy(
  { policy, source, destination }: ShownPolicy,
  localUrl: string,
  lag: { readonly seconds: number; readonly bytes: number } | undefined,
): z.output<typeof policyAnswer> {
  const registry = (side: Registry | undefined) => (side === undefined ? presentLocal(localUrl) : presentRegistry(side))
  return {
    id: policy.id,
    name: policy.name,
    description: orAbsent(policy.description),
    src_registry: registry(source),
    dest_registry: registry(destination),
    dest_namespace: orAbsent(policy.destinationNamespace),
    dest_namespace_replace_count: policy.replaceCount,
    trigger: { type: policy.trigger, trigger_settings: policy.cron === '' ? {} : { cron: policy.cron } },
    filters: policy.filters.length === 0 ? null : policy.filters.map(presentFilter),
    deletion: orAbsent(policy.deletion),
    replicate_deletion: orAbsent(policy.deletion),
    override: orAbsent(policy.override),
    enabled: orAbsent(policy.enabled),
    speed: policy.speed,
    copy_by_chunk: policy.copyByChunk,
    single_active_replication: policy.singleActive,
    creation_time: timeOf(policy.createdAt),
    update_time: timeOf(policy.updatedAt),
    ...(lag === undefined ? {} : { lag_seconds: lag.seconds, lag_bytes: lag.bytes }),
    ...(policy.heldAt === undefined ? {} : { held_since: timeOf(policy.heldAt) }),
  }
}

function presentFilter(filter: ReplicationFilter) {
  const { type, value } = filter
  if (type === 'name' || type === 'resource') return { type, value }
  return { type, value, decoration: filter.excludes ? 'excludes' : 'matches' }
}

export const executionAnswer = z.object({
  id: z.number().int(),
  policy_id: z.number().int(),
  status: z.string(),
  trigger: z.string(),
  start_time: timeAnswer,
  end_time: timeAnswer,
  status_text: z.string(),
  total: z.number().int(),
  failed: z.number().int(),
  succeed: z.number().int(),
  in_progress: z.number().int(),
  stopped: z.number().int(),
  mode: z.string().describe('Beyond Harbor: copy, or dry-run and verify, which only compare.'),
  held: z.number().int().optional().describe('Beyond Harbor: tasks that wait for a person.'),
})

const statusWords: Readonly<Record<ReplicationStatus, string>> = {
  planning: 'InProgress',
  running: 'InProgress',
  succeeded: 'Succeed',
  failed: 'Failed',
  stopped: 'Stopped',
}

const engineWords: Readonly<Record<string, readonly ReplicationStatus[]>> = {
  pending: ['planning', 'running'],
  scheduled: ['planning', 'running'],
  running: ['planning', 'running'],
  success: ['succeeded'],
  error: ['failed'],
}

/** The statuses behind one of Harbor's words; undefined when none was given. */
export function statusesOf(word: string | undefined): readonly ReplicationStatus[] | undefined {
  if (word === undefined || word === '') return undefined
  const said = word.toLowerCase()
  const own = (Object.keys(statusWords) as ReplicationStatus[]).filter((key) => statusWords[key].toLowerCase() === said)
  return own.length > 0 ? own : (engineWords[said] ?? [])
}

export const triggerWords = { manual: 'manual', schedule: 'scheduled', event: 'event_based' } as const

export function presentExecution(execution: ReplicationExecution): z.output<typeof executionAnswer> {
  const { id, policyId, status, trigger, statusText, tasks, startedAt, finishedAt, mode } = execution
  return {
    id,
    policy_id: policyId,
    status: statusWords[status],
    trigger: triggerWords[trigger],
    start_time: timeOf(startedAt),
    end_time: finishedAt === undefined ? noTime : timeOf(finishedAt),
    status_text: statusText,
    total: tasks.total,
    failed: tasks.failed,
    succeed: tasks.succeeded,
    in_progress: tasks.pending + tasks.running + tasks.held,
    stopped: tasks.stopped,
    mode,
    ...(tasks.held === 0 ? {} : { held: tasks.held }),
  }
}

export const taskAnswer = z.object({
  id: z.number().int(),
  execution_id: z.number().int(),
  status: z.string(),
  job_id: z.string().optional(),
  operation: z.string(),
  resource_type: z.string(),
  src_resource: z.string(),
  dst_resource: z.string(),
  start_time: timeAnswer,
  end_time: timeAnswer,
  sent_bytes: z.number().int().describe('Beyond Harbor.'),
  error: z.string().optional().describe('Beyond Harbor: why it failed.'),
})

const taskWords: Readonly<Record<ReplicationTaskStatus, string>> = {
  pending: 'Pending',
  held: 'Pending',
  running: 'InProgress',
  succeeded: 'Succeed',
  failed: 'Failed',
  stopped: 'Stopped',
}

export function taskStatusesOf(word: string | undefined): readonly ReplicationTaskStatus[] | undefined {
  if (word === undefined || word === '') return undefined
  const said = word.toLowerCase()
  const own = (Object.keys(taskWords) as ReplicationTaskStatus[]).filter((key) => taskWords[key].toLowerCase() === said)
  if (own.length > 0) return own
  return { running: ['running'], scheduled: [], success: ['succeeded'], error: ['failed'] }[said] as
    | readonly ReplicationTaskStatus[]
    | undefined
}

const resourceOf = (repository: string, items: number): string => `${repository} [${items} item(s) in total]`

export function presentTask(task: ReplicationTask): z.output<typeof taskAnswer> {
  const { id, executionId, status, jobId, operation, resourceType, source, destination, itemCount } = task
  return {
    id,
    execution_id: executionId,
    status: taskWords[status],
    ...(jobId === undefined ? {} : { job_id: formatJobId(jobId) }),
    operation,
    resource_type: resourceType,
    src_resource: resourceOf(source, itemCount),
    dst_resource: resourceOf(destination, itemCount),
    start_time: task.startedAt === undefined ? noTime : timeOf(task.startedAt),
    end_time: task.finishedAt === undefined ? noTime : timeOf(task.finishedAt),
    sent_bytes: task.sentBytes,
    ...(task.error === undefined ? {} : { error: task.error }),
  }
}
