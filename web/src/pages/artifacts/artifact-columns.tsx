import { Group, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../api/client.ts'
import type { Column } from '../../components/data-list.tsx'
import { PrivateIcon, TagIcon } from '../../components/icons.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { Digest, RelativeTime, Size, StatusBadge } from '../../components/values.tsx'
import { platformName } from './platform.ts'

export type Artifact = RowOf<'GET /projects/{project_name}/repositories/{repository_name}/artifacts'>

/** Where an artifact lies; `repository` is without the project. */
export interface Place {
  readonly projectName: string
  readonly repository: string
}

const mostTagsShown = 3
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
        tags === null ? (
          <LinkAnchor
            to="/projects/$projectName/repositories/$repository/artifacts/$reference"
            params={linkTo(digest)}
            c="dimmed"
          >
            {t('untagged')}
          </LinkAnchor>
        ) : (
          <Group gap={6} wrap="nowrap">
            {tags.slice(0, mostTagsShown).map(({ name, immutable }) => (
              <LinkAnchor
                key={name}
                to="/projects/$projectName/repositories/$repository/artifacts/$reference"
                params={linkTo(digest)}
                underline="never"
              >
                <StatusBadge tone="accent" icon={immutable ? <PrivateIcon size={11} /> : <TagIcon size={11} />}>
                  {name}
                </StatusBadge>
              </LinkAnchor>
            ))}
            {tags.length > mostTagsShown && (
              <Text size="sm" c="dimmed">
                {t('moreTags', { count: tags.length - mostTagsShown })}
              </Text>
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

/** Of an index its platforms, of others what they are; and whether something belongs to it. */
function Kind({ artifact }: { readonly artifact: Artifact }) {
  const t = useTranslations('artifacts')
  const platforms = (artifact.references ?? []).flatMap(({ platform }) => {
    const name = platformName(platform)
    return name === undefined ? [] : [name]
  })
  const signed = artifact.accessories?.some(({ type }) => type.startsWith('signature'))
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="sm" truncate>
        {platforms.length === 0
          ? artifact.type.toLowerCase()
          : `${platforms.slice(0, mostPlatformsShown).join(', ')}${platforms.length > mostPlatformsShown ? ' …' : ''}`}
      </Text>
      {signed && <StatusBadge tone="good">{t('signed')}</StatusBadge>}
    </Group>
  )
}
