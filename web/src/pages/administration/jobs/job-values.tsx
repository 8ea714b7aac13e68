import { Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { LinkAnchor } from '../../../components/links.tsx'
import { Count, Digest, ExactTime, Size } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import type { Messages } from '../../../i18n/languages.ts'
import { useActionName } from '../audit/audit-words.ts'

type ValueName = keyof Messages['jobs']['values']

/** What a job was told or came to, in the reader's language. A name that is new here is shown as it is written. */
export function JobValues({ of: value }: { readonly of: unknown }) {
  const t = useTranslations('jobs.values')
  const valueOf = useValue()
  if (typeof value !== 'object' || value === null) return <>{JSON.stringify(value)}</>
  const isKnown = (name: string): name is ValueName => t.has(name as ValueName)
  // Of a scan the total is that of its findings.
  const named = (name: string) => (name === 'total' && 'packages' in value ? 'vulnerabilities' : name)
  return (
    <Stack gap={4} component="ul" m={0} p={0}>
      {Object.entries(value).map(([key, part]) => {
        const name = named(key)
        return (
          <li key={key} style={{ listStyle: 'none' }}>
            <Text size="sm" c="dimmed" span mr="xs">
              {isKnown(name) ? t(name) : key}
            </Text>
            {valueOf(name, part)}
          </li>
        )
      })}
    </Stack>
  )
}

/** Numbers and texts have different meanings: each name has its form, others the usual one. */
function useValue(): (name: string, value: unknown) => ReactNode {
  const t = useTranslations('jobs')
  const common = useTranslations('common')
  const format = useFormat()
  const actionName = useActionName()
  const action = (type: unknown) => {
    const [operation = '', ...resource] = String(type).split('_')
    return actionName({ operation, resource_type: resource.join('_') })
  }
  const forms: Readonly<Record<string, (value: never) => ReactNode>> = {
    bytes: (bytes: number) => <Size bytes={bytes} />,
    newBytes: (bytes: number) => <Size bytes={bytes} />,
    bytesPerSecond: (bytes: number) => t('perSecond', { size: format.size(bytes) }),
    retentionHours: (count: number) => t('hours', { count }),
    now: (time: number) => <ExactTime time={new Date(time).toISOString()} />,
    digest: (digest: string) => <Digest digest={digest} />,
    eventTypes: (types: readonly unknown[]) => format.list(types.map(action)),
    rules: (rules: readonly unknown[]) => <Count value={rules.length} />,
    mode: (mode: keyof Messages['jobs']['modes']) => t(`modes.${mode}`),
    scanKind: (kind: keyof Messages['jobs']['scanKinds']) => t(`scanKinds.${kind}`),
    runId: (id: number) => (
      <LinkAnchor to="/administration/jobs/$jobId" params={{ jobId: String(id) }}>
        {id}
      </LinkAnchor>
    ),
  }
  return (name, value) => {
    const form = Object.hasOwn(forms, name) ? forms[name] : undefined
    if (form !== undefined) return form(value as never)
    if (typeof value === 'boolean') return common(value ? 'yes' : 'no')
    if (typeof value === 'number') return name.endsWith('Id') ? value : <Count value={value} />
    return typeof value === 'string' ? value : JSON.stringify(value)
  }
}
