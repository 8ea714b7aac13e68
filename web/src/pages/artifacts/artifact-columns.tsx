import { Group, Stack, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { artifactKindOf, isSbom, isSignature } from '#contract/artifact-types.ts'
import type { RowOf } from '../../api/client.ts'
import type { Column } from '../../components/data-list.tsx'
import { PrivateIcon, TagIcon } from '../../components/icons.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { Digest, RelativeTime, Size, StatusBadge } from '../../components/values.tsx'
import styles from './artifact-columns.module.css'
import { LabelChip } from './label-chip.tsx'
import { platformName } from './platform.ts'
import { useTypeName } from './type-name.ts'

export type Artifact = RowOf<'GET /projects/{project_name}/repositories/{repository_name}/artifacts'>

/** Where an artifact lies; `repository` is without the project. */
export interface Place {
  readonly projectName: string
  readonly repository: string
}

/** In the title of the link to all of them. */
const mostTagsNamed = 20
const mostLabelsShown = 2
const mostPlatformsShown = 3

export function useArtifactColumns({ projectName, repository }: Place): readonly Column<Artifact>[] {
  const t = useTranslations('artifacts')
  const linkTo = (reference: string) => ({ projectName, repository, reference })
  return [
    {
      key: 'tags',
      header: t('tags'),
      width: 'minmax(9rem, 3fr)',
      cell: ({ tags, digest }) =>
        tags === null || tags.length === 0 ? (
          <LinkAnchor
            to="/projects/$projectName/repositories/$repository/artifacts/$reference"
            params={linkTo(digest)}
            c="dimmed"
          >
            {t('untagged')}
          </LinkAnchor>
        ) : (
          <Group gap={6} wrap="nowrap" miw={0}>
            <LinkAnchor
              to="/projects/$projectName/repositories/$repository/artifacts/$reference"
              params={linkTo(digest)}
              underline="never"
              miw={0}
              title={tags[0]!.name}
            >
              <StatusBadge tone="accent" icon={tags[0]!.immutable ? <PrivateIcon size={11} /> : <TagIcon size={11} />}>
                {tags[0]!.name}
              </StatusBadge>
            </LinkAnchor>
            {tags.length > 1 && (
              <LinkAnchor
                to="/projects/$projectName/repositories/$repository/artifacts/$reference"
                params={linkTo(digest)}
                search={{ tab: 'tags' }}
                size="sm"
                c="dimmed"
                flex="none"
                title={tags
                  .slice(1, mostTagsNamed)
                  .map(({ name }) => name)
                  .join(' · ')}
                aria-label={t('allTags', { count: tags.length })}
              >
                {t('moreTags', { count: tags.length - 1 })}
              </LinkAnchor>
            )}
          </Group>
        ),
    },
    {
      key: 'digest',
      header: t('digest'),
      width: '11.5rem',
      from: 'sm',
      cell: ({ digest }) => <Digest digest={digest} />,
    },
    {
      key: 'kind',
      header: t('kind'),
      width: 'minmax(7rem, 2fr)',
      from: 'md',
      cell: (artifact) => <Kind artifact={artifact} />,
    },
    {
      key: 'size',
      header: t('size'),
      width: '5.5rem',
      from: 'sm',
      align: 'end',
      sort: 'size',
      cell: ({ size }) => <Size bytes={size} />,
    },
    {
      key: 'pushed',
      header: t('pushed'),
      width: '7.5rem',
      from: 'sm',
      sort: 'push_time',
      cell: ({ push_time }) => <RelativeTime time={push_time} />,
    },
    {
      key: 'pulled',
      header: t('pulled'),
      width: '7.5rem',
      from: 'lg',
      sort: 'pull_time',
      cell: ({ pull_time }) => <RelativeTime time={pull_time} />,
    },
  ]
}

/** Of an index its platforms, of others what they are; below, what belongs to it and its labels. */
function Kind({ artifact }: { readonly artifact: Artifact }) {
  const t = useTranslations('artifacts')
  const typeName = useTypeName()
  const platforms = (artifact.references ?? []).flatMap(({ platform }) => {
    const name = platformName(platform)
    return name === undefined ? [] : [name]
  })
  const accessories = (artifact.accessories ?? []).map(({ type }) => artifactKindOf(type))
  const labels = artifact.labels ?? []
  return (
    <Stack gap={2} miw={0}>
      <Text size="sm" truncate>
        {platforms.length === 0
          ? typeName(artifact.type, artifact.artifact_type)
          : `${platforms.slice(0, mostPlatformsShown).join(', ')}${platforms.length > mostPlatformsShown ? ' …' : ''}`}
      </Text>
      {(accessories.length > 0 || labels.length > 0) && (
        <Group gap={6} wrap="nowrap" miw={0} className={styles.marks ?? ''}>
          {accessories.some(isSignature) && <StatusBadge tone="good">{t('signed')}</StatusBadge>}
          {accessories.some(isSbom) && <StatusBadge tone="neutral">{t('kinds.sbom')}</StatusBadge>}
          {labels.slice(0, mostLabelsShown).map((label) => (
            <LabelChip key={label.id} label={label} />
          ))}
          {labels.length > mostLabelsShown && (
            <Text size="sm" c="dimmed">
              {t('moreTags', { count: labels.length - mostLabelsShown })}
            </Text>
          )}
        </Group>
      )}
    </Stack>
  )
}
