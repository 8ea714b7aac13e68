import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { CopyBlock } from '../../components/copy-button.tsx'
import { LogIcon } from '../../components/icons.ts'
import { Section } from '../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../components/states.tsx'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'

const Markdown = lazy(async () => ({ default: (await import('../../components/markdown/markdown.tsx')).Markdown }))

const item = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}' as const

/** A text of an artifact: its manifest and the values of a chart as they are, the readme of a chart laid out. */
export function ArtifactText({
  place,
  artifact,
  part,
}: ArtifactPartProps & { readonly part: 'manifest' | 'readme.md' | 'values.yaml' }) {
  const t = useTranslations('artifacts')
  const params = paramsOf(place, artifact)
  const manifest = useQuery({ ...query(`GET ${item}/manifest`, { params }), enabled: part === 'manifest' })
  const addition = useQuery({
    ...query(`GET ${item}/additions/{addition}`, { params: { ...params, addition: part } }),
    enabled: part !== 'manifest',
  })
  const { data, error } = part === 'manifest' ? manifest : addition
  if (error !== null) return <ErrorFace error={error} />
  if (data === undefined) return <LoadingFace />
  const text = typeof data === 'string' ? data : ''
  if (text === '') return <EmptyFace icon={LogIcon} title={t('noText')} />
  return (
    <Section>
      {part === 'readme.md' ? (
        <Suspense fallback={<LoadingFace />}>
          <Markdown text={text} />
        </Suspense>
      ) : (
        <CopyBlock value={part === 'manifest' ? indented(text) : text} label={part} />
      )}
    </Section>
  )
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    return json
  }
}
