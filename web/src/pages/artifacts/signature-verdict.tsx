import { Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { StatusBadge } from '../../components/values.tsx'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'
import { toneOf } from './signature-state.tsx'

const methods = ['cosign', 'notation'] as const

/** What the signatures of an artifact are worth together, as a pull sees it. Nothing for one that nobody signed. */
export function SignatureVerdict({ place, artifact }: Pick<ArtifactPartProps, 'place' | 'artifact'>) {
  const t = useTranslations('signatures')
  const { data } = useQuery(
    query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/signature-verdict', {
      params: paramsOf(place, artifact),
    }),
  )
  const signed = methods.filter((method) => data !== undefined && data[method].state !== 'unsigned')
  if (data === undefined || signed.length === 0) return null
  return (
    <Group gap="lg" px="md" py="sm" aria-label={t('verdict')} role="group">
      {signed.map((method) => {
        const { state, index } = data[method]
        return (
          <Group key={method} gap="xs">
            <Text size="sm">{t(`methods.${method}`)}</Text>
            <StatusBadge tone={toneOf[state]}>{t(`states.${state}`)}</StatusBadge>
            {index !== undefined && (
              <Text size="xs" c="dimmed">
                {t('byIndex')}
              </Text>
            )}
          </Group>
        )
      })}
    </Group>
  )
}
