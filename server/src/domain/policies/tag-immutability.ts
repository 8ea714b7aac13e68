import { createHash } from 'node:crypto'
import { restOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import { DomainError } from '../errors.ts'
import { Pace } from './pace.ts'
import { costOf, isSelected, type Selector } from './selectors.ts'

/** What the column of a rule has. */
export interface StoredSelectors {
  readonly tags: readonly Selector[]
  /** By what stands behind the project's name. */
  readonly repositories: readonly Selector[]
}

const findActive = preparedQuery<{ projectId: number }, { selectors: string }>((db, param) =>
  db
    .selectFrom('immutability_rule')
    .select('selectors')
    .where('project_id', '=', param('projectId'))
    .where('disabled', '=', 0),
)

/** What the rules that are about one repository say of tags. */
interface RulesOfRepository {
  readonly rules: readonly (readonly Selector[])[]
  readonly costPerCharacter: number
  /** The same for the same rules, whoever has them. */
  readonly version: string
}

/** Verdicts that were dear, by the version of the rules and the tag: a verdict depends on nothing else. */
const verdicts = new LruMap<string, boolean>(50_000)
/** A verdict that costs no more is found again as fast as it is looked up. */
const cheapCost = 2_000
/** Of a look-up, and of what every tag costs besides its rules. */
const costOfTag = 100

/** Which tags the rules of a project keep where they are, by the rules as they were when they were read. */
export class TagImmutability {
  readonly #selectors: readonly string[]
  readonly #byRepository = new Map<string, RulesOfRepository>()

  constructor(selectors: readonly string[]) {
    this.#selectors = selectors
  }

  /** One by one, giving turns. @throws DomainError when it is too much for the pace: never "it is not immutable" */
  async isImmutable(repositoryName: RepositoryName, tag: string, pace: Pace): Promise<boolean> {
    const { rules, costPerCharacter, version } = await this.#rulesOf(restOf(repositoryName), pace)
    if (rules.length === 0) return false
    const cost = costPerCharacter * tag.length
    const key = `${version} ${tag}`
    const known = cost > cheapCost ? verdicts.get(key) : undefined
    if (pace.isDue(costOfTag + (known === undefined ? cost : 0))) await pace.rest()
    if (known !== undefined) return known
    const verdict = rules.some((selectors) => isSelected(selectors, tag))
    if (cost > cheapCost) verdicts.set(key, verdict)
    return verdict
  }

  async #rulesOf(rest: string, pace: Pace): Promise<RulesOfRepository> {
    const known = this.#byRepository.get(rest)
    if (known !== undefined) return known
    const about: string[] = []
    const rules: (readonly Selector[])[] = []
    for (const selectors of this.#selectors) {
      const { tags, repositories } = JSON.parse(selectors) as StoredSelectors
      if (pace.isDue(costOf(repositories) * rest.length)) await pace.rest()
      if (!isSelected(repositories, rest)) continue
      rules.push(tags)
      about.push(JSON.stringify(tags))
    }
    const found = {
      rules,
      costPerCharacter: rules.reduce((sum, tags) => sum + costOf(tags), 0),
      version: createHash('sha256').update(about.join('\n')).digest('base64'),
    }
    this.#byRepository.set(rest, found)
    return found
  }
}

/** By the rules of the project as they are now: one query, however many names are asked about. */
export async function readImmutability(reader: Reader, projectId: number): Promise<TagImmutability> {
  const rows = await findActive.all(reader, { projectId })
  return new TagImmutability(rows.map(({ selectors }) => selectors))
}

/** Why a tag would leave its artifact: a push or a copy names another one so, or the tag or its artifact is deleted. */
export type TagDeparture = 'push' | 'copy' | 'delete'

/** Harbor's sentences, which scripts match. */
const sentences: Readonly<Record<TagDeparture, (repository: string, tag: string) => string>> = {
  push: (repository, tag) => `Failed to process request due to '${repository}:${tag}' configured as immutable.`,
  copy: (_, tag) => `the tag ${tag} configured as immutable, cannot be updated`,
  delete: (_, tag) => `the tag ${tag} configured as immutable, cannot be deleted`,
}

interface TagsOfRepository {
  readonly projectId: number
  readonly repositoryName: RepositoryName
  readonly departure: TagDeparture
}

/** What one push or delete may spend: half a second of turns, in which others are served. */
const maxCostOfGate = 100_000_000

/**
 * The gate of everything that would take a tag from its artifact. A rule that cannot be read refuses, and so do rules
 * that are too much work: whatever is thrown is a refusal.
 * @throws DomainError PRECONDITION
 */
export async function assertTagsMutable(
  reader: Reader,
  { projectId, repositoryName, departure }: TagsOfRepository,
  tags: readonly string[],
): Promise<void> {
  if (tags.length === 0) return
  const immutability = await readImmutability(reader, projectId)
  const pace = new Pace({ max: maxCostOfGate, tooMuch: rulesTooMuch })
  for (const tag of tags) {
    if (!(await immutability.isImmutable(repositoryName, tag, pace))) continue
    throw new DomainError('PRECONDITION', sentences[departure](restOf(repositoryName), tag), {
      reason: 'TAG_IMMUTABLE',
      detail: { repository: repositoryName, tag },
    })
  }
}

const rulesTooMuch = (): DomainError =>
  new DomainError(
    'PRECONDITION',
    'the immutability rules of this project are too much work for so many tags at once, so none of the tags may leave its artifact; make the rules simpler, or remove fewer tags at once',
  )
