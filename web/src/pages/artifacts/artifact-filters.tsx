import { Group, MultiSelect, Select } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { SearchField } from '../../components/search-field.tsx'
import { artifactSearch, findingsFilters, labelIdsOf, type ArtifactSearch } from './artifact-filter.ts'
import { useTypeName } from './type-name.ts'
import { useLabels } from './use-labels.ts'

interface ArtifactFiltersProps {
  readonly search: ArtifactSearch
  readonly projectId: number | undefined
  onChange(search: ArtifactSearch): void
}

/** Harbor's words for what most repositories have; others are found by their address. */
const types = ['IMAGE', 'CHART', 'MODEL', 'WASM', 'CNAB', 'UNKNOWN'] as const

/** Narrows the list of artifacts: by tag, by type, by labels, by whether there is a tag at all, and by what scans found. */
export function ArtifactFilters({ search, projectId, onChange }: ArtifactFiltersProps) {
  const t = useTranslations('artifacts')
  const typeName = useTypeName()
  const { labels } = useLabels(projectId)
  const { q, type, tags } = search
  const change = (next: Partial<Record<keyof ArtifactSearch, string | undefined>>) =>
    onChange(artifactSearch({ ...search, ...next }))
  return (
    <Group gap="xs">
      <SearchField
        label={t('filter')}
        value={q ?? ''}
        // What has no tag has none with this text.
        onChange={(text) => change({ q: text, ...(tags === 'untagged' ? { tags: undefined } : {}) })}
      />
      <Select
        aria-label={t('filterType')}
        placeholder={t('filterType')}
        data={types.map((value) => ({ value, label: value === 'UNKNOWN' ? t('kinds.other') : typeName(value) }))}
        value={type ?? null}
        onChange={(value) => change({ type: value ?? undefined })}
        clearable
        w={{ base: 'calc(50% - 0.375rem)', sm: 155 }}
      />
      <Select
        aria-label={t('filterTagged')}
        placeholder={t('filterTagged')}
        data={[
          { value: 'tagged', label: t('tagged') },
          { value: 'untagged', label: t('untagged') },
        ]}
        value={tags ?? null}
        onChange={(value) => change({ tags: value ?? undefined, ...(value === 'untagged' ? { q: undefined } : {}) })}
        clearable
        w={{ base: 'calc(50% - 0.375rem)', sm: 155 }}
      />
      <Select
        aria-label={t('filterFindings')}
        placeholder={t('filterFindings')}
        data={findingsFilters.map((value) => ({ value, label: t(`findingsFilters.${value}`) }))}
        value={search.findings ?? null}
        onChange={(value) => change({ findings: value ?? undefined })}
        clearable
        w={{ base: '100%', sm: 170 }}
      />
      {labels.length > 0 && (
        <MultiSelect
          aria-label={t('labels')}
          placeholder={search.labels === undefined ? t('labels') : ''}
          data={labels.map(({ id, name }) => ({ value: String(id), label: name }))}
          value={labelIdsOf(search).map(String)}
          onChange={(values) => change({ labels: values.join(',') })}
          clearable
          searchable
          w={{ base: '100%', sm: 220 }}
        />
      )}
    </Group>
  )
}
