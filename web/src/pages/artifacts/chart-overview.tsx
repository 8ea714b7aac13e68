import { Badge, Group, Stack, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { OutsideLink } from '../../components/outside-link.tsx'
import { Section } from '../../components/page.tsx'
import { Facts } from '../../components/values.tsx'
import type { ArtifactPartProps } from './artifact-part.ts'
import { foreignEntries, foreignText, foreignTexts } from './foreign-text.ts'

/** What `Chart.yaml` says of a chart. */
export function ChartOverview({ artifact }: ArtifactPartProps) {
  const t = useTranslations('artifacts.chart')
  const chart = Object.fromEntries(foreignEntries(artifact.extra_attrs))
  const text = (name: string) => foreignText(chart[name])
  const description = text('description')
  const maintainers = (Array.isArray(chart['maintainers']) ? (chart['maintainers'] as readonly unknown[]) : []).map(
    (each) => Object.fromEntries(foreignEntries(each)),
  )
  const keywords = foreignTexts(chart['keywords'])
  const sources = foreignTexts(chart['sources'])
  const home = text('home')
  const facts = [
    [t('name'), text('name')],
    [t('version'), text('version')],
    [t('appVersion'), text('appVersion')],
    [t('kind'), text('type')],
    [t('kubeVersion'), text('kubeVersion')],
    [t('home'), home === undefined ? undefined : <OutsideLink key="home" to={home} />],
    [
      t('sources'),
      sources.length === 0 ? undefined : (
        <Stack key="sources" gap={8}>
          {sources.map((source, index) => (
            <OutsideLink key={index} to={source} />
          ))}
        </Stack>
      ),
    ],
    [
      t('maintainers'),
      maintainers.length === 0 ? undefined : (
        <Stack key="maintainers" gap={8}>
          {maintainers.map((each, index) => (
            <Maintainer key={index} maintainer={each} />
          ))}
        </Stack>
      ),
    ],
    [
      t('keywords'),
      keywords.length === 0 ? undefined : (
        <Group key="keywords" gap={6}>
          {keywords.map((word, index) => (
            <Badge key={index} variant="default" radius="sm" tt="none">
              {word}
            </Badge>
          ))}
        </Group>
      ),
    ],
  ] as const
  return (
    <Section>
      {chart['deprecated'] === true && (
        <Text c="red" fw={500} mb="sm">
          {t('deprecated')}
        </Text>
      )}
      {description !== undefined && <Text mb="md">{description}</Text>}
      <Facts facts={facts} />
    </Section>
  )
}

function Maintainer({ maintainer }: { readonly maintainer: Readonly<Record<string, unknown>> }) {
  const [name, email, url] = ['name', 'email', 'url'].map((each) => foreignText(maintainer[each]))
  const target = email === undefined ? url : `mailto:${email}`
  return (
    <Text component="span" size="sm">
      {target === undefined ? name : <OutsideLink to={target}>{name ?? email ?? url}</OutsideLink>}
    </Text>
  )
}
