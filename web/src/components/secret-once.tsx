import { Alert, Button, Group, Modal, Stack, Tabs, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useRegistry } from '../clients/use-registry.ts'
import { CopyBlock, CopyButton } from './copy-button.tsx'
import { credentialForms, snippetsOf, type Credential } from './credential-snippets.ts'
import { WarningIcon } from './icons.ts'
import styles from './secret-once.module.css'

interface SecretOnceProps {
  /** Undefined: there is none to show. */
  readonly credential: Credential | undefined
  /** What it belongs to: `The robot robot$ci was created`. */
  readonly title: string
  /** It was kept; the page forgets it. */
  onClose(): void
}

/**
 * A secret that can be seen this once, as the places want it that it goes to. Only its button closes it: neither a
 * click beside it nor Escape may lose a secret.
 */
export function SecretOnce({ credential, title, onClose }: SecretOnceProps) {
  // The dialogue keeps its words while it fades away.
  const [last, setLast] = useState({ credential, title })
  if (credential !== undefined && credential !== last.credential) setLast({ credential, title })
  return (
    <Modal
      opened={credential !== undefined}
      onClose={onClose}
      title={last.title}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      {last.credential !== undefined && <SecretBody credential={last.credential} onClose={onClose} />}
    </Modal>
  )
}

function SecretBody({ credential, onClose }: { readonly credential: Credential; onClose(): void }) {
  const t = useTranslations('secretOnce')
  const { username, secret } = credential
  const { host } = useRegistry()
  return (
    <Stack gap="md">
      <Alert variant="default" icon={<WarningIcon size={18} />} title={t('onceTitle')} className={styles.once ?? ''}>
        {t('onceText')}
      </Alert>
      <TextInput
        label={t('username')}
        value={username}
        readOnly
        rightSection={<CopyButton value={username} label={t('username')} />}
      />
      <TextInput
        label={t('secret')}
        value={secret}
        readOnly
        data-autofocus
        onFocus={(event) => event.currentTarget.select()}
        rightSection={<CopyButton value={secret} label={t('secret')} />}
      />
      <div>
        <Text size="sm" fw={500} mb={4}>
          {t('copyAs')}
        </Text>
        <Tabs defaultValue={credentialForms[0]}>
          <Tabs.List aria-label={t('copyAs')}>
            {credentialForms.map((form) => (
              <Tabs.Tab key={form} value={form}>
                {t(`forms.${form}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {credentialForms.map((form) => (
            <Tabs.Panel key={form} value={form} pt="sm">
              <Stack gap="sm">
                {snippetsOf(form, credential, host).map(({ step, text }) => (
                  <div key={step}>
                    <Text size="sm" c="dimmed" mb={4}>
                      {t(`steps.${step}`)}
                    </Text>
                    <CopyBlock value={text} label={t(`steps.${step}`)} />
                  </div>
                ))}
              </Stack>
            </Tabs.Panel>
          ))}
        </Tabs>
      </div>
      <Group justify="flex-end">
        <Button onClick={onClose}>{t('done')}</Button>
      </Group>
    </Stack>
  )
}
