import { Timeline } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { LogIcon } from '../../components/icons.ts'
import { Section } from '../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../components/states.tsx'
import { RelativeTime } from '../../components/values.tsx'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'
import { foreignEntries, foreignText } from './foreign-text.ts'
import styles from './layer-picture.module.css'

/** How an image was built, from its config. */
export function BuildHistory({ place, artifact }: ArtifactPartProps) {
  const t = useTranslations('artifacts')
  const { data, error } = useQuery(
    query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/{addition}', {
      params: { ...paramsOf(place, artifact), addition: 'build_history' },
    }),
  )
  if (error !== null) return <ErrorFace error={error} />
  if (data === undefined) return <LoadingFace />
  const steps = (Array.isArray(data) ? (data as readonly unknown[]) : []).map(stepOf)
  if (steps.length === 0) return <EmptyFace icon={LogIcon} title={t('noHistory')} />
  return (
    <Section>
      <Timeline bulletSize={14} lineWidth={2} active={steps.length}>
        {steps.map((step, index) => (
          <Timeline.Item key={index} lineVariant={step.empty ? 'dashed' : 'solid'}>
            <div className={styles.step} title={step.by}>
              {step.by ?? t('unknownStep')}
            </div>
            <div className={styles.meta}>
              {step.created !== undefined && <RelativeTime time={step.created} />}
              {step.empty && <span>{t('emptyLayer')}</span>}
            </div>
          </Timeline.Item>
        ))}
      </Timeline>
    </Section>
  )
}

interface Step {
  readonly by: string | undefined
  readonly created: string | undefined
  readonly empty: boolean
}

function stepOf(pushed: unknown): Step {
  const step = Object.fromEntries(foreignEntries(pushed))
  return {
    by: foreignText(step['created_by']) ?? foreignText(step['comment']),
    created: foreignText(step['created']),
    empty: step['empty_layer'] === true,
  }
}
