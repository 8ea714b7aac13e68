import { Group } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { Digest, Facts, RelativeTime } from '../../components/values.tsx'
import type { ArtifactDetails } from './artifact-part.ts'
import { ArtifactSize } from './artifact-size.tsx'
import { LabelChip } from './label-chip.tsx'
import { platformName } from './platform.ts'

interface ExtraAttributes {
  readonly os?: string
  readonly architecture?: string
  readonly author?: string
  readonly created?: string
}

/** What is known of an artifact at a glance. */
export function ArtifactFacts({ artifact }: { readonly artifact: ArtifactDetails }) {
  const t = useTranslations('artifacts')
  const extra = (artifact.extra_attrs ?? {}) as ExtraAttributes
  const platform = platformName(extra)
  return (
    <Facts
      facts={[
        [t('digest'), <Digest key="digest" digest={artifact.digest} />],
        [t('size'), <ArtifactSize key="size" artifact={artifact} />],
        [t('platform'), platform],
        [t('pushed'), <RelativeTime key="pushed" time={artifact.push_time} />],
        [t('pulled'), <RelativeTime key="pulled" time={artifact.pull_time} />],
        [t('built'), extra.created === undefined ? undefined : <RelativeTime key="built" time={extra.created} />],
        [t('author'), extra.author],
        [t('mediaType'), artifact.media_type],
        [
          t('labels'),
          artifact.labels === null ? undefined : (
            <Group key="labels" gap="sm">
              {artifact.labels.map((label) => (
                <LabelChip key={label.id} label={label} />
              ))}
            </Group>
          ),
        ],
      ]}
    />
  )
}
