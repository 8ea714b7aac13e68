import { Button, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useTranslations } from 'use-intl'
import { CommandTabs } from '../../../clients/command-tabs.tsx'
import { scanPipelines } from '../../../clients/scan-pipelines.ts'
import { useRegistry } from '../../../clients/use-registry.ts'
import { GuideLink } from '../../../components/guide-link.tsx'

/** How a pipeline finds the same before an image is pushed. */
export function ScanInCi() {
  const t = useTranslations('scan.inCi')
  const common = useTranslations('common')
  const { host, secure } = useRegistry()
  const [opened, { open, close }] = useDisclosure()
  return (
    <>
      <Button variant="default" size="xs" onClick={open}>
        {t('title')}
      </Button>
      <Modal
        opened={opened}
        onClose={close}
        size="xl"
        title={t('title')}
        closeButtonProps={{ 'aria-label': common('close') }}
      >
        <Stack gap="md">
          <Text size="sm">
            {t('text')} <GuideLink of="scanInCi" page={t('title')} />
          </Text>
          <CommandTabs commands={scanPipelines(host, `--server ${secure ? 'https' : 'http'}://${host}`)} />
        </Stack>
      </Modal>
    </>
  )
}
