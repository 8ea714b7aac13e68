import { Chip, Group, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Section } from '../../../components/page.tsx'

interface LicencesProps {
  readonly licences: readonly { readonly name: string; readonly packages: number }[]
  readonly chosen: string | undefined
  onChoose(licence: string | undefined): void
}

/** More are shown when somebody asks for them. */
const shownAtFirst = 20

/** The licences of an image with their packages, the most frequent first. */
export function Licences({ licences, chosen, onChoose }: LicencesProps) {
  const t = useTranslations('sbom')
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? licences : licences.slice(0, shownAtFirst)
  return (
    <Section title={t('licences')} description={t('licencesText')}>
      <Group gap="xs">
        {shown.map(({ name, packages }) => (
          <Chip
            key={name}
            size="xs"
            checked={chosen === name}
            onChange={() => onChoose(chosen === name ? undefined : name)}
          >
            {t('licenceCount', { licence: name === '' ? t('noLicence') : name, count: packages })}
          </Chip>
        ))}
        {shown.length < licences.length && (
          <Chip size="xs" variant="light" checked={false} onChange={() => setWhole(true)}>
            <Text span inherit>
              {t('moreLicences', { count: licences.length - shown.length })}
            </Text>
          </Chip>
        )}
      </Group>
    </Section>
  )
}
