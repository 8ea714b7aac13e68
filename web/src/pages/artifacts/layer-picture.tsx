import { Tooltip } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type CSSProperties } from 'react'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { LayersIcon } from '../../components/icons.ts'
import { Section } from '../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../components/states.tsx'
import { Digest, Size } from '../../components/values.tsx'
import { useFormat } from '../../i18n/format.ts'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'
import styles from './layer-picture.module.css'

/** The layers, each as wide as it is large, and the step that made it. */
export function LayerPicture({ place, artifact }: ArtifactPartProps) {
  const t = useTranslations('artifacts')
  const format = useFormat()
  const [active, setActive] = useState<number>()
  const { data: layers, error } = useQuery(
    query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/layers', {
      params: paramsOf(place, artifact),
    }),
  )
  if (error !== null) return <ErrorFace error={error} />
  if (layers === undefined) return <LoadingFace />
  if (layers.length === 0) return <EmptyFace icon={LayersIcon} title={t('noLayers')} />
  const total = layers.reduce((sum, { size }) => sum + size, 0)
  const largest = Math.max(...layers.map(({ size }) => size), 1)
  return (
    <Section title={t('layersTitle', { count: layers.length, size: format.size(total) })}>
      <div className={styles.bar} aria-hidden>
        {layers.map(({ digest, size }, index) => (
          <Tooltip
            key={`${index} ${digest}`}
            label={`${index + 1} · ${format.size(size)} · ${format.percent(size / Math.max(total, 1))}`}
          >
            <span
              className={styles.part}
              data-active={active === index || undefined}
              style={{ flexGrow: size, '--weight': size / largest } as CSSProperties}
              onMouseEnter={() => setActive(index)}
              onMouseLeave={() => setActive(undefined)}
            />
          </Tooltip>
        ))}
      </div>
      <ol className={styles.list}>
        {layers.map(({ digest, size, created_by: step, title, media_type: mediaType }, index) => (
          <li key={`${index} ${digest}`} className={styles.layer} data-active={active === index || undefined}>
            <span className={styles.number}>{index + 1}</span>
            <span className={styles.step} title={title ?? step}>
              {title ?? step ?? mediaType}
            </span>
            <Size bytes={size} />
            <span className={styles.meta}>
              <Digest digest={digest} />
              <span>{format.percent(size / Math.max(total, 1))}</span>
              {title !== undefined && <span>{mediaType}</span>}
            </span>
          </li>
        ))}
      </ol>
    </Section>
  )
}
