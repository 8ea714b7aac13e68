import { ContractError, quoted } from '#contract/contract-error.ts'
import { parseProjectName, parseRepositoryName, projectOf, type RepositoryName } from '#contract/repository-name.ts'

export interface MappingRule {
  /** Components at the beginning of a name; empty: every name begins so. */
  readonly from: string
  readonly to: string
}

export interface MappingOptions {
  /** Where names of one component go; undefined: they cannot be taken. */
  readonly project: string | undefined
  readonly rules: readonly MappingRule[]
  /** Which names at the source are wanted; none: all of them. */
  readonly only: readonly ((name: string) => boolean)[]
}

/**
 * `team/web=shop`: repositories in `team/web` go to `shop`.
 * @throws ContractError NAME_INVALID
 */
export function parseMappingRule(text: string): MappingRule {
  const [from, to, ...more] = text.split('=').map((side) => side.replace(/^\/+|\/+$/g, ''))
  if (from === undefined || to === undefined || more.length > 0) {
    throw new ContractError(
      'NAME_INVALID',
      `invalid mapping ${quoted(text)}: it has the form from=to, as in team/web=shop`,
    )
  }
  if (from !== '') parseRepositoryName(from)
  if (to !== '') parseRepositoryName(to)
  return { from, to }
}

export const isWantedRepository = (name: string, { only }: MappingOptions): boolean =>
  only.length === 0 || only.some((matches) => matches(name))

/**
 * The name of a repository here. The rule with the longest beginning changes it, and a name of one component then goes
 * to the project for such.
 * @throws ContractError NAME_INVALID when the result is no name here
 */
export function mapRepository(name: string, options: MappingOptions): RepositoryName {
  const rule = options.rules
    .filter(({ from }) => from === '' || name === from || name.startsWith(`${from}/`))
    .sort((a, b) => b.from.length - a.from.length)[0]
  const rest = rule === undefined ? name : name.slice(rule.from.length).replace(/^\//, '')
  const mapped = [rule?.to ?? '', rest].filter((part) => part !== '').join('/')
  const full = mapped.includes('/') || options.project === undefined ? mapped : `${options.project}/${mapped}`
  const parsed = parseRepositoryName(full)
  if (!full.includes('/')) {
    throw new ContractError(
      'NAME_INVALID',
      `${quoted(full)} has no project; name one for such repositories with --project`,
    )
  }
  parseProjectName(projectOf(parsed))
  return parsed
}
