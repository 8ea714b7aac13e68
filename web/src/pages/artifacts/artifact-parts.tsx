import { Group, Stack, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { LinkAnchor } from '../../components/links.tsx'
import { Digest, RelativeTime, Size } from '../../components/values.tsx'
import type { Artifact, Place } from './artifact-columns.tsx'
import styles from './artifact-parts.module.css'
import { platformName } from './platform.ts'
import { useTypeName } from './type-name.ts'

interface ArtifactPartsProps {
  readonly place: Place
  readonly artifact: Artifact
}

/** Whether the list can show something below an artifact. */
export const hasParts = ({ references, accessories }: Artifact): boolean =>
  (references?.length ?? 0) + (accessories?.length ?? 0) > 0

/** Below an artifact in the list: the images of an index, and what belongs to it. */
export function ArtifactParts({ place, artifact }: ArtifactPartsProps) {
  const t = useTranslations('artifacts')
  const typeName = useTypeName()
  const linkTo = (reference: string) => ({ ...place, reference })
  const children = artifact.references ?? []
  const accessories = artifact.accessories ?? []
  return (
    <Stack gap="xs">
      {children.length > 0 && (
        <ul className={styles.parts} aria-label={t('tabs.platforms')}>
          {children.map(({ child_digest: digest, platform, annotations }) => (
            <li key={digest}>
              <Group gap="sm" wrap="nowrap">
                <LinkAnchor
                  to="/projects/$projectName/repositories/$repository/artifacts/$reference"
                  params={linkTo(digest)}
                  size="sm"
                >
                  {platformName(platform) ??
                    t(annotations?.['vnd.docker.reference.digest'] === undefined ? 'noPlatform' : 'attestation')}
                </LinkAnchor>
                <Digest digest={digest} />
              </Group>
            </li>
          ))}
        </ul>
      )}
      {accessories.length > 0 && (
        <ul className={styles.parts} aria-label={t('tabs.accessories')}>
          {accessories.map(({ digest, type, size, creation_time: time }) => (
            <li key={digest}>
              <Group gap="sm" wrap="wrap">
                <LinkAnchor
                  to="/projects/$projectName/repositories/$repository/artifacts/$reference"
                  params={linkTo(digest)}
                  size="sm"
                >
                  {typeName(type)}
                </LinkAnchor>
                <Digest digest={digest} />
                <Text span size="sm" c="dimmed">
                  <Size bytes={size} /> · <RelativeTime time={time} />
                </Text>
              </Group>
            </li>
          ))}
        </ul>
      )}
    </Stack>
  )
}
