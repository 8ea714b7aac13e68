import { ActionIcon, Group, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { artifactKindOf, isSbom, isSignature } from '#contract/artifact-types.ts'
import type { RowOf } from '../../api/client.ts'
import { pullCommands } from '../../clients/commands.ts'
import { useRegistry } from '../../clients/use-registry.ts'
import { copyText } from '../../components/copy-text.ts'
import type { Column } from '../../components/data-list.tsx'
import { CheckIcon, PrivateIcon, PullIcon, TagIcon } from '../../components/icons.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { toast } from '../../components/toast.ts'
import { Digest, RelativeTime, StatusBadge } from '../../components/values.tsx'
import styles from './artifact-columns.module.css'
import { ArtifactSize } from './artifact-size.tsx'
import { LabelChip } from './label-chip.tsx'
import { platformName } from './platform.ts'
import { ScanBadge } from './scan/scan-badge.tsx'
import { useTypeName } from './type-name.ts'

export type Artifact = RowOf<'GET /projects/{project_name}/repositories/{repository_name}/artifacts'>

/** Where an artifact lies; `repository` is without the project. */
export interface Place {
  readonly projectName: string
  readonly repository: string
}

/** In the title of the link to all of them. */
const mostTagsNamed = 20
const mostLabelsShown = 4
const mostPlatformsShown = 3

interface ColumnsProps {
  readonly place: Place
  readonly isPublic: boolean
}

/** Columns that nobody sees who has not asked for them. */
export const hiddenArtifactColumns = ['pulled', 'mediaType', 'annotations']

export function useArtifactColumns({ place, isPublic }: ColumnsProps): readonly Column<Artifact>[] {
  const t = useTranslations('artifacts')
  const scan = useTranslations('scan')
  return [
    {
      key: 'tags',
      header: t('tags'),
      width: 'minmax(11rem, 3fr)',
      cell: (artifact) => <Names place={place} artifact={artifact} isPublic={isPublic} />,
    },
    {
      key: 'digest',
      header: t('digest'),
      width: 'minmax(6rem, 11.5rem)',
      from: 'lg',
      cell: ({ digest }) => <Digest digest={digest} />,
    },
    {
      key: 'kind',
      header: t('kind'),
      width: 'minmax(6rem, 1.5fr)',
      from: 'md',
      cell: (artifact) => <Kind artifact={artifact} />,
    },
    {
      key: 'scan',
      header: scan('column'),
      width: 'minmax(6rem, 7.5rem)',
      from: 'sm',
      cell: (artifact) => <ScanBadge place={place} artifact={artifact} />,
    },
    {
      key: 'size',
      header: t('size'),
      width: '6.5rem',
      from: 'sm',
      align: 'end',
      sort: 'size',
      cell: (artifact) => <ArtifactSize artifact={artifact} />,
    },
    {
      key: 'pushed',
      header: t('pushed'),
      width: 'minmax(4rem, 7.5rem)',
      from: 'sm',
      sort: 'push_time',
      cell: ({ push_time }) => <RelativeTime time={push_time} />,
    },
    {
      key: 'pulled',
      header: t('pulled'),
      width: 'minmax(4rem, 7.5rem)',
      from: 'sm',
      sort: 'pull_time',
      cell: ({ pull_time }) => <RelativeTime time={pull_time} />,
    },
    {
      key: 'mediaType',
      header: t('mediaType'),
      width: 'minmax(4rem, 1.5fr)',
      from: 'sm',
      cell: ({ artifact_type: type }) => <span title={type}>{type}</span>,
    },
    {
      key: 'annotations',
      header: t('annotations'),
      width: 'minmax(4rem, 1.5fr)',
      from: 'sm',
      cell: ({ annotations }) => <Annotations annotations={annotations} />,
    },
  ]
}

interface NamesProps extends ColumnsProps {
  readonly artifact: Artifact
}

/** The first tag as it is, with the way to the others; below, what belongs to it and its labels. */
function Names({ place, artifact, isPublic }: NamesProps) {
  const t = useTranslations('artifacts')
  const { digest } = artifact
  const tags = artifact.tags ?? []
  const [first] = tags
  const params = { ...place, reference: digest }
  return (
    <Stack gap={3} miw={0}>
      <Group gap={6} wrap="nowrap" miw={0}>
        <LinkAnchor
          to="/projects/$projectName/repositories/$repository/artifacts/$reference"
          params={params}
          underline={first === undefined ? 'hover' : 'never'}
          miw={0}
          title={first?.name}
          {...(first === undefined ? { c: 'dimmed' } : {})}
        >
          {first === undefined ? (
            t('untagged')
          ) : (
            <StatusBadge tone="accent" icon={first.immutable ? <PrivateIcon size={11} /> : <TagIcon size={11} />}>
              {first.name}
            </StatusBadge>
          )}
        </LinkAnchor>
        {tags.length > 1 && (
          <LinkAnchor
            to="/projects/$projectName/repositories/$repository/artifacts/$reference"
            params={params}
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
        <CopyPull place={place} artifact={artifact} isPublic={isPublic} />
      </Group>
      <Marks artifact={artifact} />
    </Stack>
  )
}

/** Copies the command that pulls it, by the first of the clients. */
function CopyPull({ place, artifact, isPublic }: NamesProps) {
  const t = useTranslations('artifacts')
  const registry = useRegistry()
  const [copied, setCopied] = useState(false)
  const reference = artifact.tags?.[0]?.name ?? artifact.digest
  const repository = `${place.projectName}/${place.repository}`
  const command = pullCommands(registry, { type: artifact.type, repository, reference, isPublic }).at(0)?.command ?? ''
  // Of several lines the last one pulls; the others sign in.
  const line = command.split('\n').at(-1) ?? ''
  const copy = async () => {
    const done = await copyText(line)
    setCopied(done)
    if (done) toast(t('pullCopied', { command: line }))
  }
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="sm"
      flex="none"
      title={line}
      aria-label={t('copyPull', { name: artifact.tags?.[0]?.name ?? artifact.digest.slice(0, 19) })}
      onClick={() => void copy()}
    >
      {copied ? <CheckIcon size={14} /> : <PullIcon size={14} />}
    </ActionIcon>
  )
}

/** Signature, SBOM and labels, on a line of their own. */
function Marks({ artifact }: { readonly artifact: Artifact }) {
  const t = useTranslations('artifacts')
  const accessories = (artifact.accessories ?? []).map(({ type }) => artifactKindOf(type))
  const [signed, hasSbom] = [accessories.some(isSignature), accessories.some(isSbom)]
  const labels = artifact.labels ?? []
  if (!signed && !hasSbom && labels.length === 0) return null
  return (
    <Group gap={6} className={styles.marks ?? ''}>
      {signed && <StatusBadge tone="good">{t('signed')}</StatusBadge>}
      {hasSbom && <StatusBadge tone="neutral">{t('kinds.sbom')}</StatusBadge>}
      {labels.slice(0, mostLabelsShown).map((label) => (
        <LabelChip key={label.id} label={label} />
      ))}
      {labels.length > mostLabelsShown && (
        <Text size="sm" c="dimmed" span>
          {t('moreTags', { count: labels.length - mostLabelsShown })}
        </Text>
      )}
    </Group>
  )
}

const platformsOf = ({ references }: Artifact): readonly string[] =>
  (references ?? []).flatMap(({ platform }) => platformName(platform) ?? [])

/** Of an index its platforms, of others what they are. */
function Kind({ artifact }: { readonly artifact: Artifact }) {
  const typeName = useTypeName()
  const platforms = platformsOf(artifact)
  const shown = platforms.slice(0, mostPlatformsShown).join(', ')
  return (
    <Text size="sm" truncate title={platforms.join(', ')}>
      {platforms.length === 0 ? typeName(artifact.type, artifact.artifact_type) : shown}
      {platforms.length > mostPlatformsShown && ' …'}
    </Text>
  )
}

function Annotations({ annotations }: { readonly annotations: Artifact['annotations'] }) {
  const lines = Object.entries(annotations ?? {}).map(([key, value]) => `${key}=${value}`)
  return <span title={lines.join('\n')}>{lines.join(' · ')}</span>
}
