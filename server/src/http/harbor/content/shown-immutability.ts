import type { RepositoryName } from '#contract/repository-name.ts'
import type { Actor } from '../../../domain/access/actor.ts'
import { DomainError } from '../../../domain/errors.ts'
import { Pace } from '../../../domain/policies/pace.ts'
import { readImmutability } from '../../../domain/policies/tag-immutability.ts'
import type { IsImmutable } from './artifact-answer.ts'
import type { HarborServices } from '../frame/services.ts'

/** Looks of matchers for one answer: some hundred milliseconds in turns; without an account, some ten. */
const maxCost = { known: 50_000_000, anonymous: 5_000_000 }

/** What an answer shows of one repository. */
export interface ShownTags {
  readonly repositoryName: RepositoryName
  readonly tags: readonly { readonly name: string }[]
}

/**
 * Which of the tags that an answer shows are immutable; none where the client does not ask. One budget for the whole
 * answer.
 * @throws DomainError BAD_REQUEST when the rules are too much work: no tag is called mutable that may be none
 */
export async function immutabilityOf(
  { database }: HarborServices,
  call: { readonly actor: Actor; readonly query: { readonly with_immutable_status: boolean } },
  projectId: number,
  shown: readonly ShownTags[],
): Promise<(repositoryName: RepositoryName) => IsImmutable> {
  if (!call.query.with_immutable_status) return () => () => false
  const immutability = await readImmutability(database.read, projectId)
  const isKnown = call.actor.kind !== 'anonymous'
  const pace = new Pace({
    max: isKnown ? maxCost.known : maxCost.anonymous,
    tooMuch: () => rulesTooMuch(isKnown),
  })
  const immutable = new Set<string>()
  for (const { repositoryName, tags } of shown) {
    for (const { name } of tags) {
      if (await immutability.isImmutable(repositoryName, name, pace)) immutable.add(`${repositoryName}:${name}`)
    }
  }
  return (repositoryName) => (tag) => immutable.has(`${repositoryName}:${tag}`)
}

function rulesTooMuch(isKnown: boolean): DomainError {
  const remedy = isKnown ? 'ask for fewer artifacts, or make the rules simpler' : 'sign in, or ask for fewer artifacts'
  return new DomainError(
    'BAD_REQUEST',
    `the immutability rules of this project are too much work for so many tags at once; ${remedy}`,
  )
}
