import { Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { Size } from '../../components/values.tsx'
import { useFormat } from '../../i18n/format.ts'
import type { ArtifactDetails } from './artifact-part.ts'
import { platformName } from './platform.ts'

/** Of an index the bytes of all its images, and how large one of them is. */
export function ArtifactSize({ artifact }: { readonly artifact: Pick<ArtifactDetails, 'size' | 'references'> }) {
  const t = useTranslations('artifacts')
  const format = useFormat()
  const { size, references } = artifact
  const count = (references ?? []).filter(({ platform }) => platformName(platform) !== undefined).length
  return (
    <>
      <Size bytes={size} />
      {count > 1 && (
        <Text size="xs" c="dimmed" component="div">
          {t('sizeEach', { count: String(count), size: format.size(size / count) })}
        </Text>
      )}
    </>
  )
}
