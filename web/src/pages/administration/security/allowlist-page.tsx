import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { Section } from '../../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { AllowlistEditor } from '../../project/allowlist/allowlist-editor.tsx'
import { VexDocuments } from '../../project/vex/vex-documents.tsx'
import { SecurityFrame } from './security-frame.tsx'

/** The list of the registry, for all projects that have none of their own. */
export function AllowlistPage() {
  const t = useTranslations('allowlist')
  const client = useQueryClient()
  const { data, error, refetch } = useQuery(query('GET /system/CVEAllowlist'))
  return (
    <SecurityFrame tab="allowlist">
      <Section title={t('registryTitle')} description={t('registryText')}>
        {error !== null ? (
          <ErrorFace error={error} onRetry={() => void refetch()} />
        ) : data === undefined ? (
          <LoadingFace lines={3} />
        ) : (
          <AllowlistEditor
            key={JSON.stringify(data)}
            list={data}
            canChange
            save={async (list) => {
              await call('PUT /system/CVEAllowlist', { body: list })
              await invalidate(client, '/system/CVEAllowlist')
            }}
          />
        )}
      </Section>
      <VexDocuments mayChange />
    </SecurityFrame>
  )
}
