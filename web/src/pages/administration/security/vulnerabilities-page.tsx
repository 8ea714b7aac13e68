import { Group, Select } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { PolicyIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { severities } from '../../artifacts/scan/vulnerability-rows.ts'
import { SecurityFrame } from './security-frame.tsx'
import type { VulnerabilitySearch } from './security-search.ts'
import { VulnerabilityTable } from './vulnerability-table.tsx'

const route = getRouteApi('/shell/signed-in/administration/security/vulnerabilities')

/** Every vulnerability of the registry, once. */
export function SecurityVulnerabilitiesPage() {
  const t = useTranslations('security')
  const scan = useTranslations('scan')
  const search: VulnerabilitySearch = route.useSearch()
  const navigate = route.useNavigate()
  const change = (next: { readonly [key in keyof VulnerabilitySearch]: string | undefined }) =>
    void navigate({ search: { ...search, ...next } as VulnerabilitySearch, replace: true })
  const severity = search.severity === 'None' ? 'Negligible' : search.severity
  const rows = usePagedRows('GET /security/vulnerabilities', {
    query: {
      cve_id: search.q,
      severity: severity as 'Critical' | undefined,
      ...(search.shows === undefined ? {} : { [search.shows]: 'true' }),
    },
  })
  const width = { base: 'calc(50% - 0.375rem)', sm: 170 }
  return (
    <SecurityFrame tab="vulnerabilities">
      <Section flush>
        <Group gap="xs" p="md" pb="sm">
          <SearchField label={t('searchVulnerabilities')} value={search.q ?? ''} onChange={(q) => change({ q })} />
          <Select
            aria-label={t('severity')}
            placeholder={scan('anySeverity')}
            data={severities.map((value) => ({ value, label: scan(`severities.${value}`) }))}
            value={search.severity ?? null}
            onChange={(value) => change({ severity: value ?? undefined })}
            clearable
            w={width}
          />
          <Select
            aria-label={t('which')}
            placeholder={t('allVulnerabilities')}
            data={[
              { value: 'exploited', label: scan('shows.exploited') },
              { value: 'fixable', label: scan('shows.fixable') },
            ]}
            value={search.shows ?? null}
            onChange={(value) => change({ shows: value ?? undefined })}
            clearable
            w={width}
          />
        </Group>
        <VulnerabilityTable
          label={t('tabs.vulnerabilities')}
          rows={rows}
          empty={<EmptyFace icon={PolicyIcon} title={t('noMatch')} />}
        />
      </Section>
    </SecurityFrame>
  )
}
