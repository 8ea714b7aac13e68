import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { LinkAnchor } from '../../components/links.tsx'
import { Section } from '../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../components/states.tsx'
import { useFormat } from '../../i18n/format.ts'
import styles from './artifact-graph.module.css'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'
import { layOut, type Placed } from './graph-layout.ts'
import { useTypeName } from './type-name.ts'

/** Pixels: a node and the space to the next. */
const node = { width: 232, height: 60, gapX: 72, gapY: 16 }
const leftOf = ({ column }: Placed) => column * (node.width + node.gapX)
const topOf = ({ row }: Placed) => row * (node.height + node.gapY)

/** What hangs together with an artifact: its index, its platforms, its signatures and what else refers to it. */
export function ArtifactGraph({ place, artifact }: ArtifactPartProps) {
  const t = useTranslations('artifacts')
  const format = useFormat()
  const typeName = useTypeName()
  const { data, error } = useQuery(
    query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/graph', {
      params: paramsOf(place, artifact),
    }),
  )
  if (error !== null) return <ErrorFace error={error} />
  if (data === undefined) return <LoadingFace />
  const placed = layOut(
    data.nodes.map(({ digest }) => digest),
    data.edges,
  )
  const at = new Map(placed.map((each) => [each.digest, each]))
  const width = Math.max(...placed.map(leftOf)) + node.width
  const height = Math.max(...placed.map(topOf)) + node.height
  return (
    <Section>
      {data.nodes.length === 1 && <Text c="dimmed">{t('graphAlone')}</Text>}
      <div className={styles.canvas}>
        <svg className={styles.edges} width={width} height={height} aria-hidden>
          {data.edges.map(({ from, to, relation }) => {
            const [start, end] = relation === 'child' ? [at.get(from), at.get(to)] : [at.get(to), at.get(from)]
            return start === undefined || end === undefined ? null : (
              <path
                key={`${from} ${to} ${relation}`}
                className={styles.edge}
                data-relation={relation}
                d={curve(start, end)}
              />
            )
          })}
        </svg>
        <ul className={styles.nodes} style={{ width, height }}>
          {data.nodes.map(({ digest, type, tags, size, artifact_type: artifactType }) => (
            <li key={digest}>
              <LinkAnchor
                to="/projects/$projectName/repositories/$repository/artifacts/$reference"
                params={{ ...place, reference: digest }}
                search={{ tab: 'graph' }}
                underline="never"
                className={styles.node ?? ''}
                style={{ left: leftOf(at.get(digest)!), top: topOf(at.get(digest)!) }}
                aria-current={digest === artifact.digest ? 'page' : undefined}
                title={`${artifactType}\n${digest}`}
              >
                <span className={styles.kind}>
                  <span className={styles.name}>{tags[0] ?? typeName(type, artifactType)}</span>
                  <span>{format.size(size)}</span>
                </span>
                <span className={styles.detail}>{digest.slice(0, 19)}</span>
              </LinkAnchor>
            </li>
          ))}
        </ul>
      </div>
      <div className={styles.legend}>
        <span>
          <span className={styles.line} data-relation="child" />
          {t('edgeChild')}
        </span>
        <span>
          <span className={styles.line} data-relation="referrer" />
          {t('edgeReferrer')}
        </span>
        {data.truncated && <span>{t('graphTruncated')}</span>}
      </div>
    </Section>
  )
}

function curve(start: Placed, end: Placed): string {
  const [x1, y1] = [leftOf(start) + node.width, topOf(start) + node.height / 2]
  const [x2, y2] = [leftOf(end), topOf(end) + node.height / 2]
  const middle = (x1 + x2) / 2
  return `M ${x1} ${y1} C ${middle} ${y1}, ${middle} ${y2}, ${x2} ${y2}`
}
