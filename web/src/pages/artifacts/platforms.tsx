import { useTranslations } from 'use-intl'
import { DataList, wholeList, type Column } from '../../components/data-list.tsx'
import { LinkAnchor } from '../../components/links.tsx'
import { Section } from '../../components/page.tsx'
import { Digest, Size } from '../../components/values.tsx'
import { useGraph } from './artifact-graph-query.ts'
import type { ArtifactDetails, ArtifactPartProps } from './artifact-part.ts'
import { platformName } from './platform.ts'

type Child = NonNullable<ArtifactDetails['references']>[number]

/** The images of an index. Attestations stand below the image that they are about. */
export function Platforms({ place, artifact }: ArtifactPartProps) {
  const t = useTranslations('artifacts')
  const { data } = useGraph({ place, artifact })
  const sizes = new Map(data?.nodes.map(({ digest, size }) => [digest, size]))
  const columns: readonly Column<Child>[] = [
    {
      key: 'platform',
      header: t('platform'),
      width: 'minmax(10rem, 2fr)',
      cell: (child) => (
        <LinkAnchor
          to="/projects/$projectName/repositories/$repository/artifacts/$reference"
          params={{ ...place, reference: child.child_digest }}
          fw={500}
          c="inherit"
          pl={subjectOf(child) === undefined ? 0 : 'lg'}
        >
          {platformName(child.platform) ?? t(subjectOf(child) === undefined ? 'noPlatform' : 'attestation')}
        </LinkAnchor>
      ),
    },
    {
      key: 'digest',
      header: t('digest'),
      width: '13rem',
      from: 'sm',
      cell: ({ child_digest }) => <Digest digest={child_digest} />,
    },
    {
      key: 'size',
      header: t('size'),
      width: '7rem',
      align: 'end',
      cell: ({ child_digest }) => {
        const bytes = sizes.get(child_digest)
        return bytes === undefined ? null : <Size bytes={bytes} />
      },
    },
  ]
  return (
    <Section flush>
      <DataList
        label={t('tabs.platforms')}
        rows={wholeList(asTree(artifact.references ?? []))}
        columns={columns}
        keyOf={({ child_digest }) => child_digest}
        empty={null}
      />
    </Section>
  )
}

/** BuildKit says so in the annotations of the index (docs/attestations/attestation-storage.md). */
const subjectOf = ({ annotations }: Child): string | undefined => annotations?.['vnd.docker.reference.digest']

function asTree(children: readonly Child[]): readonly Child[] {
  const images = children.filter((child) => subjectOf(child) === undefined)
  const digests = new Set(images.map(({ child_digest }) => child_digest))
  const below = (digest: string) => children.filter((child) => subjectOf(child) === digest)
  const others = children.filter((child) => {
    const subject = subjectOf(child)
    return subject !== undefined && !digests.has(subject)
  })
  return [...images.flatMap((image) => [image, ...below(image.child_digest)]), ...others]
}
