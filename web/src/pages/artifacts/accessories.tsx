import { Code, Stack, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { artifactKindOf, predicateName } from '#contract/artifact-types.ts'
import type { RowOf } from '../../api/client.ts'
import { usePagedRows, type PagedRows } from '../../api/paged-rows.ts'
import { DataList, type Column } from '../../components/data-list.tsx'
import { PolicyIcon } from '../../components/icons.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { Section } from '../../components/page.tsx'
import { EmptyFace } from '../../components/states.tsx'
import { Digest, RelativeTime, Size } from '../../components/values.tsx'
import { useGraph, type Graph } from './artifact-graph-query.ts'
import { SignatureState, type Signature } from './signature-state.tsx'
import { SignatureVerdict } from './signature-verdict.tsx'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'
import { useTypeName } from './type-name.ts'

const list = 'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/accessories' as const

interface AccessoryRow {
  readonly digest: string
  readonly type: string
  readonly artifactType: string
  readonly title: string | undefined
  readonly predicates: readonly string[]
  readonly size: number
  readonly created: string
  /** The platform that it is about, where that is not the whole artifact. */
  readonly about: string | undefined
  /** The best signature in it; undefined for what holds none, and within an index. */
  readonly signature: Signature | undefined
}

/** Signatures, SBOMs and attestations: of the artifact, and of the platforms of an index. */
export function Accessories({ place, artifact, ...rest }: ArtifactPartProps) {
  const t = useTranslations('artifacts')
  const signatures = useTranslations('signatures')
  const typeName = useTypeName()
  const own = usePagedRows(list, { params: paramsOf(place, artifact) })
  const graph = useGraph({ place, artifact, ...rest })
  const within = graph.data === undefined ? [] : rowsWithin(graph.data, artifact.digest)
  const rows = joined(own, within)
  const columns: readonly Column<AccessoryRow>[] = [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(10rem, 2fr)',
      cell: ({ digest, title, predicates, type, artifactType }) => (
        <LinkAnchor
          to="/projects/$projectName/repositories/$repository/artifacts/$reference"
          params={{ ...place, reference: digest }}
          fw={500}
          c="inherit"
          title={artifactType}
        >
          {title ?? (predicates.map(predicateName).join(', ') || typeName(type, artifactType))}
        </LinkAnchor>
      ),
    },
    {
      key: 'kind',
      header: t('kind'),
      width: 'minmax(8rem, 1.5fr)',
      from: 'sm',
      cell: ({ type, artifactType, about }) => (
        <Stack gap={0} miw={0}>
          <Text size="sm" truncate title={artifactType}>
            {typeName(type, artifactType)}
          </Text>
          {about !== undefined && (
            <Text size="xs" c="dimmed" truncate>
              {t('about', { platform: about })}
            </Text>
          )}
        </Stack>
      ),
    },
    {
      key: 'signature',
      header: signatures('signature'),
      width: 'minmax(8rem, 1.5fr)',
      cell: ({ signature }) => signature !== undefined && <SignatureState signature={signature} />,
    },
    {
      key: 'digest',
      header: t('digest'),
      width: '13rem',
      from: 'md',
      cell: ({ digest }) => <Digest digest={digest} />,
    },
    {
      key: 'size',
      header: t('size'),
      width: '6rem',
      align: 'end',
      from: 'sm',
      cell: ({ size }) => <Size bytes={size} />,
    },
    {
      key: 'created',
      header: t('pushed'),
      width: '9rem',
      from: 'sm',
      cell: ({ created }) => <RelativeTime time={created} />,
    },
  ]
  return (
    <Section flush>
      <SignatureVerdict place={place} artifact={artifact} />
      <DataList
        label={t('tabs.accessories')}
        rows={rows}
        columns={columns}
        keyOf={({ digest, about }) => `${digest} ${about ?? ''}`}
        empty={
          <EmptyFace icon={PolicyIcon} title={t('noAccessories')}>
            {t.rich('noAccessoriesText', { code: (chunks) => <Code>{chunks}</Code> })}
          </EmptyFace>
        }
      />
    </Section>
  )
}

function rowOf(each: RowOf<typeof list>): AccessoryRow {
  return {
    digest: each.digest,
    type: each.type,
    artifactType: each.artifact_type ?? '',
    title: each.title,
    predicates: each.predicate_types ?? [],
    size: each.size,
    created: each.creation_time,
    about: undefined,
    signature: each.signature,
  }
}

/** What belongs to the children of an index, and what BuildKit put beside an image into its index. */
export function rowsWithin({ nodes, edges }: Graph, digest: string): readonly AccessoryRow[] {
  const children = new Set(
    edges.flatMap(({ from, to, relation }) => (relation === 'child' && from === digest ? to : [])),
  )
  const held = new Set(edges.flatMap(({ to, relation }) => (relation === 'child' ? to : [])))
  const byDigest = new Map(nodes.map((node) => [node.digest, node]))
  return edges.flatMap(({ from, to, relation }) => {
    const node = byDigest.get(from)
    // Of the artifact itself those in its index alone: the others come from the list of its accessories.
    const isOurs = relation === 'referrer' && (children.has(to) || (to === digest && held.has(from)))
    if (!isOurs || node === undefined) return []
    return {
      digest: node.digest,
      type: artifactKindOf(node.type, node.artifact_type, node.tags) === undefined ? 'subject.accessory' : node.type,
      artifactType: node.artifact_type,
      title: node.title,
      predicates: node.predicate_types,
      size: node.size,
      created: node.push_time,
      about: to === digest ? undefined : byDigest.get(to)?.platform,
      signature: undefined,
    }
  })
}

/** The pages of one list, and behind them rows that are here already. */
function joined(pages: PagedRows<RowOf<typeof list>>, others: readonly AccessoryRow[]): PagedRows<AccessoryRow> {
  const { total } = pages
  return {
    ...pages,
    total: total === undefined ? undefined : total + others.length,
    rowAt: (index) => {
      if (index >= (total ?? 0)) return others[index - (total ?? 0)]
      const row = pages.rowAt(index)
      return row === undefined ? undefined : rowOf(row)
    },
    all: async () => [...(await pages.all()).map(rowOf), ...others],
    show: (first, last) => pages.show(Math.min(first, Math.max(0, (total ?? 1) - 1)), Math.min(last, (total ?? 1) - 1)),
  }
}
