import { Alert, Button, Code, Group, SimpleGrid, Stack } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { copyText } from '../copy-text.ts'
import { download } from '../download.ts'
import { WarningIcon } from '../icons.ts'
import { toast } from '../toast.ts'

interface RecoveryCodesProps {
  readonly codes: readonly string[]
  /** They were kept; the page forgets them. */
  onDone(): void
}

/** Codes that are shown this once, to be kept away from the telephone. */
export function RecoveryCodes({ codes, onDone }: RecoveryCodesProps) {
  const t = useTranslations('secondFactor.recovery')
  const text = `${window.location.host}\n${codes.join('\n')}\n`
  return (
    <Stack gap="md">
      <Alert variant="default" icon={<WarningIcon size={18} />} title={t('onceTitle')}>
        {t('onceText')}
      </Alert>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing="xs" aria-label={t('title')}>
        {codes.map((code) => (
          <Code key={code} fz="sm" ta="center" p={6}>
            {code}
          </Code>
        ))}
      </SimpleGrid>
      <Group justify="space-between">
        <Group gap="xs">
          <Button
            variant="default"
            onClick={() => void copyText(codes.join('\n')).then((done) => toast(t(done ? 'copied' : 'copyByHand')))}
          >
            {t('copy')}
          </Button>
          <Button
            variant="default"
            onClick={() =>
              download(new Blob([text], { type: 'text/plain' }), `recovery-codes-${window.location.hostname}.txt`)
            }
          >
            {t('download')}
          </Button>
        </Group>
        <Button onClick={onDone}>{t('done')}</Button>
      </Group>
    </Stack>
  )
}
