import { Button, Group, Menu, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useKeysetRows } from '../../../api/keyset-rows.ts'
import { DataList } from '../../../components/data-list.tsx'
import { download } from '../../../components/download.ts'
import { AuditIcon, ChevronDownIcon, PullIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { AuditBelow, auditPhoneHeight, useAuditColumns } from './audit-columns.tsx'
import { AuditFrame } from './audit-frame.tsx'
import { exportRecords, type ExportFormat } from './audit-export.ts'
import { auditSearch, conditionsOf, momentOfField, type AuditFilter } from './audit-filter.ts'
import { operations, resources } from './audit-words.ts'

const route = getRouteApi('/shell/signed-in/administration/audit-log')

/** What happened in the registry, to be looked through and taken away. */
export function AuditPage() {
  const t = useTranslations('system.audit')
  const audit = useTranslations('audit')
  const filter = route.useSearch()
  const navigate = useNavigate({ from: '/administration/audit-log' })
  const q = conditionsOf(filter)
  const rows = useKeysetRows('GET /auditlog-exts', { query: { q } })
  const change = (next: AuditFilter) =>
    void navigate({ search: auditSearch(next as Readonly<Record<string, unknown>>), replace: true })
  return (
    <AuditFrame tab="records" actions={<ExportMenu q={q} />}>
      <Section>
        <Filter filter={filter} onChange={change} />
      </Section>
      <Section flush>
        <DataList
          label={audit('title')}
          rows={rows}
          columns={useAuditColumns()}
          keyOf={({ id }) => id}
          below={(record) => <AuditBelow record={record} />}
          phoneHeight={auditPhoneHeight}
          empty={<EmptyFace icon={AuditIcon} title={q === undefined ? audit('noneTitle') : t('noneFound')} />}
        />
      </Section>
    </AuditFrame>
  )
}

interface FilterProps {
  readonly filter: AuditFilter
  onChange(filter: AuditFilter): void
}

function Filter({ filter, onChange }: FilterProps) {
  const t = useTranslations('system.audit')
  const audit = useTranslations('audit')
  // Clearing draws the fields anew.
  const [generation, setGeneration] = useState(0)
  const typed = useDebouncedCallback((part: AuditFilter) => onChange({ ...filter, ...part }), 250)
  const clear = () => {
    setGeneration(generation + 1)
    onChange({})
  }
  return (
    <Group key={generation} gap="sm" align="flex-end">
      <TextInput
        label={t('who')}
        defaultValue={filter.who ?? ''}
        onChange={(event) => typed({ who: event.currentTarget.value })}
        w={{ base: '100%', sm: 112 }}
      />
      <Select
        label={t('operation')}
        placeholder={t('anyOperation')}
        data={operations.map((value) => ({ value, label: audit(`operations.${value}`) }))}
        value={filter.operation ?? null}
        onChange={(operation) => onChange({ ...filter, operation: operation ?? '' })}
        clearable
        w={{ base: '100%', sm: 148 }}
      />
      <Select
        label={t('type')}
        placeholder={t('anyType')}
        data={resources.map((value) => ({ value, label: audit(`resources.${value}`) }))}
        value={filter.type ?? null}
        onChange={(type) => onChange({ ...filter, type: type ?? '' })}
        searchable
        clearable
        w={{ base: '100%', sm: 148 }}
      />
      <TextInput
        label={t('resource')}
        defaultValue={filter.resource ?? ''}
        onChange={(event) => typed({ resource: event.currentTarget.value })}
        w={{ base: '100%', sm: 128 }}
      />
      <Select
        label={t('result')}
        placeholder={t('anyResult')}
        data={[
          { value: 'true', label: audit('succeeded') },
          { value: 'false', label: audit('failed') },
        ]}
        value={filter.result ?? null}
        onChange={(result) => onChange({ ...filter, result: result ?? '' })}
        clearable
        w={{ base: '100%', sm: 112 }}
      />
      <TextInput
        type="datetime-local"
        label={t('from')}
        value={momentOfField(filter.from, 'start')}
        onChange={(event) => onChange({ ...filter, from: event.currentTarget.value })}
        w={{ base: '100%', sm: 188 }}
      />
      <TextInput
        type="datetime-local"
        label={t('to')}
        value={momentOfField(filter.to, 'end')}
        onChange={(event) => onChange({ ...filter, to: event.currentTarget.value })}
        w={{ base: '100%', sm: 188 }}
      />
      {Object.keys(filter).length > 0 && (
        <Button variant="subtle" onClick={clear}>
          {t('clear')}
        </Button>
      )}
    </Group>
  )
}

/** All of it, whatever the filter shows. */
const exportWithProof = '/api/v2.0/system/audit-log/export'

function ExportMenu({ q }: { readonly q: string | undefined }) {
  const t = useTranslations('system.audit')
  const chain = useTranslations('auditChain')
  const [count, setCount] = useState<number>()
  const run = async (format: ExportFormat) => {
    setCount(0)
    try {
      const exported = await exportRecords({ q, format, onProgress: setCount })
      download(exported.blob, `audit-log-${new Date().toISOString().slice(0, 10)}.${format}`)
      toast(t(exported.cut ? 'exportedPart' : 'exported', { count: exported.count }))
    } catch (error) {
      toastError(error)
    } finally {
      setCount(undefined)
    }
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<PullIcon size={15} />}
          rightSection={<ChevronDownIcon size={14} />}
          disabled={count !== undefined}
        >
          {count === undefined ? t('export') : t('exporting', { count })}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => void run('csv')}>{t('exportCsv')}</Menu.Item>
        <Menu.Item onClick={() => void run('ndjson')}>{t('exportNdjson')}</Menu.Item>
        <Menu.Item component="a" href={exportWithProof} download>
          {chain('exportProof')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
