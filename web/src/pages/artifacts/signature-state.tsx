import { Modal, Stack, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../api/client.ts'
import { ExactTime, Facts, StatusBadge, type Tone } from '../../components/values.tsx'

export type Signature = NonNullable<
  RowOf<'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/accessories'>['signature']
>

export const toneOf = {
  verified: 'good',
  unnamed: 'warn',
  untrusted: 'warn',
  refused: 'bad',
  unsigned: 'neutral',
  expired: 'bad',
  pending: 'neutral',
} as const satisfies Record<string, Tone>

/** The verdict on one signature; behind it who signed, when, by which certificates, and why not. */
export function SignatureState({ signature }: { readonly signature: Signature }) {
  const t = useTranslations('signatures')
  const common = useTranslations('common')
  const [opened, { open, close }] = useDisclosure(false)
  const { state, signer, reason } = signature
  return (
    <>
      <UnstyledButton onClick={open} aria-haspopup="dialog" title={t('details')} miw={0} maw="100%">
        <StatusBadge tone={toneOf[state]}>{t(`states.${state}`)}</StatusBadge>
        {(signer !== undefined || reason !== undefined) && (
          <Text size="xs" c="dimmed" truncate>
            {signer === undefined ? reason && t(`reasons.${reason}`) : t('by', { signer: signer.name })}
          </Text>
        )}
      </UnstyledButton>
      <Modal
        opened={opened}
        onClose={close}
        size="lg"
        title={t('details')}
        closeButtonProps={{ 'aria-label': common('close') }}
      >
        <SignatureDetails signature={signature} />
      </Modal>
    </>
  )
}

function SignatureDetails({ signature }: { readonly signature: Signature }) {
  const t = useTranslations('signatures')
  const { state, reason, signer, identity, issuer, certificates, detail } = signature
  return (
    <Stack gap="md">
      <Facts
        facts={[
          [
            t('facts.state'),
            <StatusBadge key="state" tone={toneOf[state]}>
              {t(`states.${state}`)}
            </StatusBadge>,
          ],
          [t('facts.reason'), reason && t(`reasons.${reason}`)],
          [t('facts.signer'), signer?.name],
          [t('facts.identity'), identity],
          [t('facts.issuer'), issuer],
          [t('facts.signed'), signature.signed_at && <ExactTime key="signed" time={signature.signed_at} />],
          [t('facts.attestedBy'), signature.time_attested_by],
          [t('facts.ends'), signature.expires_at && <ExactTime key="ends" time={signature.expires_at} />],
          [t('facts.checked'), <ExactTime key="checked" time={signature.check_time} />],
          [t('facts.format'), `${signature.method}, ${signature.format}`],
          [t('facts.detail'), detail],
        ]}
      />
      {certificates !== null && (
        <Stack gap="xs">
          <Text fw={500}>{t('chain')}</Text>
          {certificates.map(({ fingerprint, subject, not_before: from, not_after: to }) => (
            <Stack key={fingerprint} gap={0}>
              <Text size="sm">{subject}</Text>
              <Text size="xs" c="dimmed" component="div">
                <ExactTime time={from} /> – <ExactTime time={to} />
              </Text>
            </Stack>
          ))}
        </Stack>
      )}
    </Stack>
  )
}
