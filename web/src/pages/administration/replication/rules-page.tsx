import { Button, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { AddIcon, ReplicationIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { Page, Section } from '../../../components/page.tsx'
import { SearchField } from '../../../components/search-field.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { RuleForm } from './rule-form.tsx'
import { RuleMenu } from './rule-menu.tsx'
import { RuleState } from './rule-state.tsx'
import { isPush, useReplicationWords, type Rule } from './replication-words.ts'

/** Every rule of replication. */
export function ReplicationPage() {
  const t = useTranslations('replication')
  const [name, setName] = useState('')
  const [edited, setEdited] = useState<Rule | 'new'>()
  const rows = usePagedRows('GET /replication/policies', { query: { name } })
  const newButton = (
    <Button leftSection={<AddIcon size={16} />} onClick={() => setEdited('new')}>
      {t('new')}
    </Button>
  )
  return (
    <Page title={t('title')} description={t('description')} guide="replication" actions={newButton}>
      <Section flush actions={<SearchField label={t('filter')} value={name} onChange={setName} />}>
        <DataList
          label={t('title')}
          rows={rows}
          columns={useColumns()}
          keyOf={({ id }) => id}
          below={(rule) => <Way rule={rule} />}
          actions={(rule) => <RuleMenu rule={rule} onEdit={() => setEdited(rule)} />}
          empty={
            name === '' ? (
              <EmptyFace icon={ReplicationIcon} title={t('noneTitle')} action={newButton}>
                {t('noneText')}
              </EmptyFace>
            ) : (
              <EmptyFace icon={ReplicationIcon} title={t('noneFound', { text: name })} />
            )
          }
        />
      </Section>
      {edited !== undefined && (
        <RuleForm {...(edited === 'new' ? {} : { rule: edited })} onClose={() => setEdited(undefined)} />
      )}
    </Page>
  )
}

function useColumns(): readonly Column<Rule>[] {
  const t = useTranslations('replication')
  const words = useReplicationWords()
  return [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(8rem, 1fr)',
      cell: ({ id, name }) => (
        <LinkAnchor to="/administration/replication/$ruleId" params={{ ruleId: String(id) }} fw={500} truncate>
          {name}
        </LinkAnchor>
      ),
    },
    { key: 'way', header: t('way'), width: 'minmax(0, 1.5fr)', from: 'sm', cell: (rule) => <Way rule={rule} /> },
    {
      key: 'trigger',
      header: t('trigger'),
      width: '12rem',
      from: 'md',
      cell: ({ trigger }) => words.trigger(trigger.type),
    },
    { key: 'state', header: t('state'), width: '11rem', cell: (rule) => <RuleState rule={rule} /> },
  ]
}

/** `this registry → shanghai`. */
export function Way({ rule }: { readonly rule: Rule }) {
  const t = useTranslations('replication')
  const [from, to] = isPush(rule) ? [t('here'), rule.dest_registry.name] : [rule.src_registry.name, t('here')]
  return (
    <Text size="sm" truncate>
      {from} → {to}
    </Text>
  )
}
