import { Code, Stack, Table, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { Section } from '../../components/page.tsx'
import { Facts } from '../../components/values.tsx'
import type { ArtifactPartProps } from './artifact-part.ts'

interface ImageConfig {
  readonly Cmd?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Env?: readonly string[]
  readonly ExposedPorts?: Readonly<Record<string, unknown>>
  readonly Volumes?: Readonly<Record<string, unknown>>
  readonly User?: string
  readonly WorkingDir?: string
  readonly StopSignal?: string
  readonly Labels?: Readonly<Record<string, string>>
}

/** How the image is run, and its labels and annotations. */
export function ImageSettings({ artifact }: ArtifactPartProps) {
  const t = useTranslations('artifacts')
  const config = ((artifact.extra_attrs as { config?: ImageConfig } | undefined)?.config ?? {}) as ImageConfig
  const words = (parts: readonly string[] | undefined) => (Array.isArray(parts) ? parts.join(' ') : undefined)
  const keys = (of: Readonly<Record<string, unknown>> | undefined) =>
    of === undefined ? undefined : Object.keys(of).join(', ')
  const facts = [
    [t('entrypoint'), words(config.Entrypoint)],
    [t('command'), words(config.Cmd)],
    [t('user'), config.User],
    [t('workingFolder'), config.WorkingDir],
    [t('ports'), keys(config.ExposedPorts)],
    [t('volumes'), keys(config.Volumes)],
    [t('stopSignal'), config.StopSignal],
  ] as const
  const env = (Array.isArray(config.Env) ? config.Env : []).map((line) => splitOnce(line))
  return (
    <Stack gap="lg">
      <Section>
        <Facts
          facts={facts.flatMap(([name, value]) =>
            value === undefined || value === '' ? [] : [[name, <Code key={name}>{value}</Code>] as const],
          )}
        />
      </Section>
      <Pairs title={t('environment')} pairs={env} />
      <Pairs title={t('imageLabels')} pairs={Object.entries(config.Labels ?? {})} />
      <Pairs title={t('annotations')} pairs={Object.entries(artifact.annotations ?? {})} />
    </Stack>
  )
}

function splitOnce(line: string): readonly [string, string] {
  const at = line.indexOf('=')
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)]
}

function Pairs({ title, pairs }: { readonly title: string; readonly pairs: readonly (readonly [string, string])[] }) {
  if (pairs.length === 0) return null
  return (
    <Section title={title}>
      <Table layout="fixed">
        <Table.Tbody>
          {pairs.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" fw={500} w="35%">
                <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                  {name}
                </Text>
              </Table.Th>
              <Table.Td>
                <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                  {String(value)}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  )
}
