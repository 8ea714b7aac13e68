import { Code, Stack } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { Section } from '../../components/page.tsx'
import { Facts } from '../../components/values.tsx'
import type { ArtifactPartProps } from './artifact-part.ts'
import { foreignEntries, foreignText, foreignTexts } from './foreign-text.ts'
import { Pairs } from './pairs.tsx'

type ImageConfig = Readonly<Record<string, unknown>>

/** How the image is run, and its labels. */
export function ImageSettings({ artifact }: ArtifactPartProps) {
  const t = useTranslations('artifacts')
  const extra = artifact.extra_attrs as { config?: ImageConfig } | undefined
  const config = Object.fromEntries(foreignEntries(extra?.config))
  const words = (parts: unknown) => foreignTexts(parts).join(' ')
  const keys = (of: unknown) =>
    foreignEntries(of)
      .map(([name]) => name)
      .join(', ')
  const facts = [
    [t('entrypoint'), words(config['Entrypoint'])],
    [t('command'), words(config['Cmd'])],
    [t('user'), foreignText(config['User'])],
    [t('workingFolder'), foreignText(config['WorkingDir'])],
    [t('ports'), keys(config['ExposedPorts'])],
    [t('volumes'), keys(config['Volumes'])],
    [t('stopSignal'), foreignText(config['StopSignal'])],
  ] as const
  const env = foreignTexts(config['Env']).map((line) => splitOnce(line))
  return (
    <Stack gap="lg">
      <Section>
        <Facts
          facts={facts.flatMap(([name, value]) =>
            value === undefined || value === '' ? [] : [[name, <Code key={name}>{value}</Code>] as const],
          )}
        />
      </Section>
      <Named title={t('environment')} pairs={env} />
      <Named title={t('imageLabels')} pairs={foreignEntries(config['Labels'])} />
    </Stack>
  )
}

function splitOnce(line: string): readonly [string, string] {
  const at = line.indexOf('=')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}

function Named({ title, pairs }: { readonly title: string; readonly pairs: readonly (readonly [string, unknown])[] }) {
  if (pairs.length === 0) return null
  return (
    <Section title={title}>
      <Pairs label={title} pairs={pairs} />
    </Section>
  )
}
