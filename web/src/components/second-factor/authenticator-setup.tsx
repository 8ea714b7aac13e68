import { Group, List, Stack, Text, TextInput } from '@mantine/core'
import { useTranslations } from 'use-intl'
import type { Enrolment } from '../../api/api-error.ts'
import { CopyButton } from '../copy-button.tsx'
import { QrCode } from './qr-code.tsx'

/** What somebody does with their telephone before they enter the first code. */
export function AuthenticatorSetup({ enrolment: { secret, uri } }: { readonly enrolment: Enrolment }) {
  const t = useTranslations('secondFactor')
  return (
    <Stack gap="md">
      <List type="ordered" size="sm" spacing={4}>
        <List.Item>{t('stepApp')}</List.Item>
        <List.Item>{t('stepScan')}</List.Item>
        <List.Item>{t('stepCode')}</List.Item>
      </List>
      <Group align="flex-start" gap="lg">
        <QrCode text={uri} label={t('picture')} />
        <Stack gap={4} flex="1 1 12rem">
          <TextInput
            label={t('secret')}
            description={t('secretHint')}
            value={secret.match(/.{1,4}/g)?.join(' ') ?? ''}
            readOnly
            onFocus={(event) => event.currentTarget.select()}
            rightSection={<CopyButton value={secret} label={t('secret')} />}
          />
          <Text size="sm" c="dimmed">
            {t('clock')}
          </Text>
        </Stack>
      </Group>
    </Stack>
  )
}
