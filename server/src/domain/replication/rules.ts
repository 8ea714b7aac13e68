import { ContractError } from '#contract/contract-error.ts'
import { parseRepositoryName } from '#contract/repository-name.ts'
import { DomainError } from '../errors.ts'
import { assertPatterns } from '../policies/selectors.ts'

/** What is brought over: by the name of the repository, its tags, the labels of artifacts. */
export type ReplicationFilter =
  | { readonly type: 'name'; readonly value: string }
  | { readonly type: 'tag'; readonly value: string; readonly excludes: boolean }
  | { readonly type: 'label'; readonly value: readonly string[]; readonly excludes: boolean }
  | { readonly type: 'resource'; readonly value: 'image' | 'artifact' | '' }

/** A filter as a client sends it. */
export interface GivenFilter {
  readonly type: string
  readonly value: unknown
  readonly decoration: string
}

export type TriggerType = 'manual' | 'scheduled' | 'event_based'

/** A rule as a client sends it. A registry of 0 is this one. */
export interface ReplicationFields {
  readonly name: string
  readonly description: string
  readonly sourceRegistryId: number
  readonly destinationRegistryId: number
  readonly destinationNamespace: string
  /** How many components of a name the namespace replaces; -1: all but the last. */
  readonly replaceCount: number
  readonly filters: readonly GivenFilter[]
  readonly trigger: string
  readonly cron: string
  readonly enabled: boolean
  readonly deletion: boolean
  readonly override: boolean
  readonly copyByChunk: boolean
  readonly singleActive: boolean
  /** Kilobits in a second; 0 and less: no limit. */
  readonly speed: number
}

export interface ReplicationRule extends Omit<ReplicationFields, 'filters' | 'trigger'> {
  readonly filters: readonly ReplicationFilter[]
  readonly trigger: TriggerType
}

const maxNameLength = 256
const maxTextLength = 1_024
const maxFilters = 20
const maxSpeed = 2 ** 31 - 1

const refuse = (message: string): never => {
  throw new DomainError('BAD_REQUEST', message)
}

/** In Harbor's words and order. @throws DomainError BAD_REQUEST */
export function parseRule(fields: ReplicationFields): ReplicationRule {
  if (fields.singleActive && fields.trigger === 'event_based')
    refuse('single active replication is not allowed for event_based triggers')
  if (fields.name === '') refuse('empty name')
  if (fields.name.length > maxNameLength || fields.name.includes('\0'))
    refuse(`the max length of name is ${maxNameLength}`)
  if (fields.description.length > maxTextLength || fields.description.includes('\0'))
    refuse(`the max length of description is ${maxTextLength}`)
  if ((fields.sourceRegistryId === 0) === (fields.destinationRegistryId === 0))
    refuse("either src_registry or dest_registry should be empty and the other one shouldn't be empty")
  const filters = parseFilters(fields.filters)
  assertNamespace(fields.destinationNamespace)
  const trigger = parseTrigger(fields)
  const { speed, replaceCount } = fields
  if (!Number.isInteger(replaceCount) || replaceCount < -1 || replaceCount > 127)
    refuse(`invalid dest_namespace_replace_count: ${replaceCount}; it is -1 (all) or a number of components`)
  if (speed > maxSpeed) refuse(`invalid speed: ${speed}`)
  return {
    ...fields,
    filters,
    trigger,
    cron: trigger === 'scheduled' ? fields.cron.trim() : '',
    speed: Math.max(0, speed),
  }
}

function parseFilters(given: readonly GivenFilter[]): ReplicationFilter[] {
  if (given.length > maxFilters) refuse(`a rule has ${maxFilters} filters at the most`)
  const filters = given.map(parseFilter)
  const tags = filters.filter((filter) => filter.type === 'tag')
  const names = filters.filter((filter) => filter.type === 'name')
  assertPatterns({
    tags: tags.map(({ value: pattern, excludes }) => ({ pattern, excludes })),
    repositories: names.map(({ value: pattern }) => ({ pattern, excludes: false })),
  })
  // An empty pattern matches everything in Harbor, and is not worth a line.
  return filters
}

function parseFilter({ type, value, decoration }: GivenFilter): ReplicationFilter {
  if (type === 'label') {
    const isList =
      Array.isArray(value) && value.every((each) => typeof each === 'string' && each.length <= maxTextLength)
    if (!isList) return refuse("the type of label filter value isn't string slice")
    return { type, value: value as string[], excludes: excludesOf(decoration) }
  }
  if (type !== 'resource' && type !== 'name' && type !== 'tag') return refuse('invalid filter type')
  if (typeof value !== 'string') return refuse("the type of filter value isn't string")
  if (type === 'tag') return { type, value: value === '' ? '**' : value, excludes: excludesOf(decoration) }
  if (type === 'resource' && !['image', 'artifact', ''].includes(value)) refuse(`invalid resource filter: ${value}`)
  if (decoration !== '') refuse('only tag and label filter support decoration')
  if (type === 'name') return { type, value: value === '' ? '**' : value }
  return { type, value: value as 'image' | 'artifact' | '' }
}

function excludesOf(decoration: string): boolean {
  if (decoration !== '' && decoration !== 'matches' && decoration !== 'excludes')
    refuse(`invalid filter decoration, :${decoration.slice(0, 100)}`)
  return decoration === 'excludes'
}

function assertNamespace(namespace: string): void {
  if (namespace === '') return
  try {
    parseRepositoryName(namespace)
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    refuse(`invalid destination namespace: ${namespace.slice(0, 300)}`)
  }
}

function parseTrigger({ trigger, cron, sourceRegistryId }: ReplicationFields): TriggerType {
  if (trigger === '') return 'manual'
  if (trigger !== 'manual' && trigger !== 'event_based' && trigger !== 'scheduled')
    return refuse('invalid trigger type')
  // Harbor takes it, and never runs it.
  if (trigger === 'event_based' && sourceRegistryId !== 0)
    refuse(
      'a rule that pulls cannot be event_based: nobody tells this registry what happens in the other one; give it a schedule',
    )
  if (trigger === 'scheduled') assertReplicationCron(cron.trim())
  return trigger
}

function assertReplicationCron(cron: string): void {
  if (cron === '') refuse('the cron string cannot be empty when the trigger type is scheduled')
  const fields = cron.split(/\s+/)
  if (fields.length !== 6) refuse(`invalid cron string for scheduled trigger: ${cron.slice(0, 200)}`)
  if (fields[0] !== '0') refuse('the 1st field (indicating Seconds of time) of the cron setting must be 0')
  if (fields[1] === '*') refuse('* is not allowed for the Minutes field of the cron setting of replication policy')
}
