import { Text } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useTranslations } from 'use-intl'
import { LinkAnchor } from '../../components/links.tsx'
import { Section } from '../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../components/states.tsx'
import { StatusBadge } from '../../components/values.tsx'
import { useFormat } from '../../i18n/format.ts'
import styles from './artifact-graph.module.css'
import { detailOf, useGraph, useNodeName, type GraphNode } from './artifact-graph-query.ts'
import type { ArtifactPartProps } from './artifact-part.ts'
import { layOut, nearestEdges, stackUp, type Placed } from './graph-layout.ts'
import { toneOf } from './signature-state.tsx'

/** Pixels: a node and the space to the next. */
const node = { width: 232, height: 60, gapX: 72, gapY: 16 }
/** A step to the right on a narrow screen, and where the line to it leaves the node above. */
const indent = { step: 28, line: 14 }
const topOf = ({ row }: Placed) => row * (node.height + node.gapY)
const middleOf = (placed: Placed) => topOf(placed) + node.height / 2

/** What hangs together with an artifact: its index, its platforms, its signatures and what else refers to it. */
export function ArtifactGraph({ place, artifact, reference }: ArtifactPartProps) {
  const t = useTranslations('artifacts')
  const format = useFormat()
  const nameOf = useNodeName()
  const isNarrow = useMediaQuery('(max-width: 47.99em)') ?? false
  const chosenTag = reference.includes(':') ? undefined : reference
  const { data, error } = useGraph({ place, artifact })
  if (error !== null) return <ErrorFace error={error} />
  if (data === undefined) return <LoadingFace />
  const edges = nearestEdges(data.edges)
  const columns = layOut(
    data.nodes.map(({ digest }) => digest),
    edges,
  )
  const placed = isNarrow ? stackUp(columns, edges) : columns
  const leftOf = ({ column }: Placed) => column * (isNarrow ? indent.step : node.width + node.gapX)
  const line = (start: Placed, end: Placed) => {
    const [left, right] = [leftOf(start), leftOf(end)]
    return isNarrow
      ? `M ${left + indent.line} ${topOf(start) + node.height} V ${middleOf(end)} H ${right}`
      : curve([left + node.width, middleOf(start)], [right, middleOf(end)])
  }
  const at = new Map(placed.map((each) => [each.digest, each]))
  const width = Math.max(...placed.map(leftOf)) + node.width
  const height = Math.max(...placed.map(topOf)) + node.height
  return (
    <Section>
      {data.nodes.length === 1 && <Text c="dimmed">{t('graphAlone')}</Text>}
      <div className={styles.canvas}>
        <svg className={styles.edges} width={width} height={height} aria-hidden>
          {edges.map(({ from, to, relation }) => {
            const [start, end] = relation === 'child' ? [at.get(from), at.get(to)] : [at.get(to), at.get(from)]
            return start === undefined || end === undefined ? null : (
              <path
                key={`${from} ${to} ${relation}`}
                className={styles.edge}
                data-relation={relation}
                d={line(start, end)}
              />
            )
          })}
        </svg>
        <ul className={styles.nodes} style={{ width, height }}>
          {data.nodes.map((each) => (
            <li key={each.digest}>
              <LinkAnchor
                to="/projects/$projectName/repositories/$repository/artifacts/$reference"
                params={{ ...place, reference: each.digest === artifact.digest ? reference : each.digest }}
                search={{ tab: 'graph' }}
                underline="never"
                className={styles.node ?? ''}
                style={{ left: leftOf(at.get(each.digest)!), top: topOf(at.get(each.digest)!) }}
                aria-current={each.digest === artifact.digest ? 'page' : undefined}
                title={`${each.artifact_type}\n${each.digest}`}
              >
                <span className={styles.kind}>
                  <span className={styles.name}>
                    {nameOf(each, each.digest === artifact.digest ? chosenTag : undefined)}
                  </span>
                  <span>{format.size(each.size)}</span>
                </span>
                <NodeDetail node={each} />
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

/** On a signature: what the registry thinks of it, and whose it is. */
function NodeDetail({ node }: { readonly node: GraphNode }) {
  const t = useTranslations('signatures')
  const { signature } = node
  if (signature === undefined) return <span className={styles.detail}>{detailOf(node)}</span>
  return (
    <span className={styles.verdict}>
      <StatusBadge tone={toneOf[signature.state]}>{t(`states.${signature.state}`)}</StatusBadge>
      {signature.signer !== undefined && (
        <span className={styles.detail} title={signature.signer}>
          {t('by', { signer: signature.signer })}
        </span>
      )}
    </span>
  )
}

type Point = readonly [x: number, y: number]

function curve([x1, y1]: Point, [x2, y2]: Point): string {
  const middle = (x1 + x2) / 2
  return `M ${x1} ${y1} C ${middle} ${y1}, ${middle} ${y2}, ${x2} ${y2}`
}
