import { restOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { actorKey, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { permissionsIn } from '../access/roles/authorise.ts'
import { DomainError } from '../errors.ts'
import { findProjectAccessById } from '../projects/project-access.ts'
import { Pace } from './pace.ts'
import { costOf, isSelected, type Selector } from './selectors.ts'

/** An account that may move the tags of a rule. Its id counts: a new account of the same name is another one. */
export interface TagMover {
  readonly kind: 'user' | 'robot'
  readonly id: number
  /** As it signed in when it was named; a robot with its prefix. */
  readonly name: string
}

interface RuleRow {
  readonly repositories: string
  readonly tags: string
  readonly movers: string
}

const findRules = preparedQuery<{ projectId: number }, RuleRow>((db, param) =>
  db
    .selectFrom('protected_tag_rule')
    .select(['repositories', 'tags', 'movers'])
    .where('project_id', '=', param('projectId'))
    .orderBy('id'),
)

export interface TagMove {
  readonly projectId: number
  readonly repositoryName: RepositoryName
  readonly actor: Actor
  readonly now: number
}

/** What one push or delete may spend, as for immutability. */
const maxCostOfGate = 100_000_000
const costOfTag = 100

/**
 * The gate of everything that sets, moves or deletes a tag. Each rule that is about the tag must let the actor pass: it names them,
 * or it names nobody and they have `protected-tag:move`. What the program does for others (replication, import, retention) is
 * nobody whom a rule lets pass.
 * @throws DomainError PRECONDITION
 */
export async function assertTagsMovable(reader: Reader, move: TagMove, tags: readonly string[]): Promise<void> {
  if (tags.length === 0) return
  const rules = await findRules.all(reader, { projectId: move.projectId })
  const rest = restOf(move.repositoryName)
  const pace = new Pace({ max: maxCostOfGate, tooMuch: rulesTooMuch })
  for (const rule of rules) {
    const [repositories, names] = [selectorsOf(rule.repositories), selectorsOf(rule.tags)]
    if (pace.isDue(costOf(repositories) * rest.length)) await pace.rest()
    if (!isSelected(repositories, rest)) continue
    const protectedTag = await firstSelected(names, tags, pace)
    if (protectedTag === undefined || (await mayMove(reader, move, rule))) continue
    throw new DomainError(
      'PRECONDITION',
      `the tag ${protectedTag} of ${move.repositoryName} is protected, and ${nameOf(move.actor)} is not among those who may set, move or delete it; ask an administrator of the project`,
      { reason: 'TAG_PROTECTED', detail: { repository: move.repositoryName, tag: protectedTag } },
    )
  }
}

async function firstSelected(
  selectors: readonly Selector[],
  tags: readonly string[],
  pace: Pace,
): Promise<string | undefined> {
  const costPerCharacter = costOf(selectors)
  for (const tag of tags) {
    if (pace.isDue(costOfTag + costPerCharacter * tag.length)) await pace.rest()
    if (isSelected(selectors, tag)) return tag
  }
  return undefined
}

async function mayMove(reader: Reader, { projectId, actor, now }: TagMove, row: RuleRow): Promise<boolean> {
  if (actor.kind === 'system') return false
  const movers = JSON.parse(row.movers) as readonly TagMover[]
  if (movers.length > 0) return movers.some(({ kind, id }) => `${kind}:${id}` === actorKey(actor))
  const asNow = await currentActor(reader, actor, now)
  const access = await findProjectAccessById({ read: reader }, asNow, projectId)
  return access !== undefined && permissionsIn(asNow, access).has('protected-tag:move')
}

const selectorsOf = (pattern: string): readonly Selector[] => [{ excludes: false, pattern }]

const nameOf = (actor: Actor): string =>
  actor.kind === 'user' || actor.kind === 'robot' ? actor.username : 'this request'

const rulesTooMuch = (): DomainError =>
  new DomainError(
    'PRECONDITION',
    'the rules of protected tags of this project are too much work for so many tags at once; make the rules simpler, or change fewer tags at once',
  )
