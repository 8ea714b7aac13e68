import { Group, Select, TextInput } from '@mantine/core'
import { useTranslations } from 'use-intl'

/** As the API writes it: a pattern, and whether what matches it is meant or everything else. */
export interface Selector {
  readonly kind: string
  readonly decoration: string
  readonly pattern: string
  readonly extras?: string
}

/** What rules of retention and of immutability have in common. */
export interface SelectingRule {
  readonly tag_selectors: readonly Selector[]
  readonly scope_selectors: Readonly<Record<string, readonly Selector[]>>
}

export interface SelectorFields {
  readonly repositoriesExcluded: boolean
  readonly repositories: string
  readonly tagsExcluded: boolean
  readonly tags: string
}

const everything = '**'
const isExcluding = ({ decoration }: Selector) => /excludes$/i.test(decoration)

/** What stands in the form; what a rule says besides its first selectors is kept as it is. */
export function selectorFieldsOf(rule: SelectingRule | undefined): SelectorFields {
  const [repositories] = rule?.scope_selectors['repository'] ?? []
  const [tags] = rule?.tag_selectors ?? []
  return {
    repositoriesExcluded: repositories !== undefined && isExcluding(repositories),
    repositories: repositories?.pattern || everything,
    tagsExcluded: tags !== undefined && isExcluding(tags),
    tags: tags?.pattern || everything,
  }
}

export function selectorsOf(fields: SelectorFields, before: SelectingRule | undefined, extras?: string): SelectingRule {
  const [, ...otherRepositories] = before?.scope_selectors['repository'] ?? []
  const [, ...otherTags] = before?.tag_selectors ?? []
  const kind = 'doublestar'
  const repositories = {
    kind,
    decoration: fields.repositoriesExcluded ? 'repoExcludes' : 'repoMatches',
    pattern: patternOf(fields.repositories),
  }
  const tags = {
    kind,
    decoration: fields.tagsExcluded ? 'excludes' : 'matches',
    pattern: patternOf(fields.tags),
    ...(extras === undefined ? {} : { extras }),
  }
  return {
    scope_selectors: { repository: [repositories, ...otherRepositories] },
    tag_selectors: [tags, ...otherTags],
  }
}

/** `a, b` is written for `{a,b}`. */
function patternOf(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return everything
  return trimmed.includes(',') && !trimmed.includes('{') ? `{${trimmed.split(/\s*,\s*/).join(',')}}` : trimmed
}

interface SelectorInputsProps {
  readonly values: SelectorFields
  onChange(values: SelectorFields): void
}

export function SelectorInputs({ values, onChange }: SelectorInputsProps) {
  const t = useTranslations('policies')
  const fields = [
    {
      of: 'repositories',
      excluded: 'repositoriesExcluded',
      pattern: 'repositoriesPattern',
      example: 'repositoriesExample',
    },
    { of: 'tags', excluded: 'tagsExcluded', pattern: 'tagsPattern', example: 'tagsExample' },
  ] as const
  return fields.map(({ of, excluded, pattern, example }) => (
    <Group key={of} gap="xs" align="flex-end" wrap="nowrap">
      <Select
        w={150}
        label={t(`selectors.${of}`)}
        data={[
          { value: 'matches', label: t('selectors.matching') },
          { value: 'excludes', label: t('selectors.excluding') },
        ]}
        value={values[excluded] ? 'excludes' : 'matches'}
        allowDeselect={false}
        onChange={(value) => onChange({ ...values, [excluded]: value === 'excludes' })}
      />
      <TextInput
        flex={1}
        aria-label={t(`selectors.${pattern}`)}
        placeholder={t(`selectors.${example}`)}
        value={values[of]}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange({ ...values, [of]: event.currentTarget.value })}
      />
    </Group>
  ))
}

/** `tags release-*, in all repositories but attic/**`. */
export function useSelectorText(): (rule: SelectingRule) => string {
  const t = useTranslations('policies.selectors')
  const part = (of: 'repositories' | 'tags', selectors: readonly Selector[]) => {
    const said = selectors.filter((selector) => isExcluding(selector) || !['', everything].includes(selector.pattern))
    if (said.length === 0) return t(of === 'tags' ? 'allTags' : 'allRepositories')
    return said
      .map((selector) => {
        const { pattern } = selector
        if (of === 'tags') return isExcluding(selector) ? t('tagsBut', { pattern }) : t('tagsLike', { pattern })
        return isExcluding(selector) ? t('repositoriesBut', { pattern }) : t('repositoriesLike', { pattern })
      })
      .join(t('and'))
  }
  return ({ tag_selectors, scope_selectors }) =>
    t('both', {
      tags: part('tags', tag_selectors),
      repositories: part('repositories', scope_selectors['repository'] ?? []),
    })
}
