import { Modal, Stack, Text, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { query } from '../../../api/queries.ts'
import { CopyBlock } from '../../../components/copy-button.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { useCan, useProject } from '../use-project.ts'
import type { ExemptionWish } from './exemption-draft.ts'

const projectAdmin = 1

interface AskForExemptionProps {
  readonly projectName: string
  readonly wish: ExemptionWish
  onClose(): void
}

/** For somebody who may not exempt: a link that opens the form, filled in, for those who may. */
export function AskForExemption({ projectName, wish, onClose }: AskForExemptionProps) {
  const t = useTranslations('pullPolicies.ask')
  const common = useTranslations('common')
  const format = useFormat()
  const [reason, setReason] = useState('')
  const { data: project } = useProject(projectName)
  const can = useCan(project?.project_id)
  const { data: members } = useQuery({
    ...query('GET /projects/{project_name_or_id}/members', {
      params: { project_name_or_id: projectName },
      query: { page_size: 100 },
    }),
    enabled: can('member', 'list'),
  })
  const administrators = (members ?? []).filter(({ role_id: role }) => role === projectAdmin)
  const names = administrators.map(({ entity_name: name }) => name).filter((name) => name !== undefined)
  return (
    <Modal opened onClose={onClose} size="lg" title={t('title')} closeButtonProps={{ 'aria-label': common('close') }}>
      <Stack gap="md">
        <Textarea
          label={t('reason')}
          description={t('reasonHint')}
          autosize
          minRows={2}
          maxLength={500}
          data-autofocus
          value={reason}
          onChange={({ currentTarget: { value } }) => setReason(value)}
        />
        <Text size="sm">{names.length === 0 ? t('send') : t('sendTo', { names: format.list(names) })}</Text>
        <CopyBlock value={addressOf(projectName, { ...wish, reason: reason.trim() })} label={t('link')} />
      </Stack>
    </Modal>
  )
}

function addressOf(projectName: string, wish: ExemptionWish): string {
  const address = new URL(`/projects/${encodeURIComponent(projectName)}/pull-policies`, window.location.origin)
  address.searchParams.set('exempt', 'true')
  for (const [name, value] of Object.entries(wish)) if (value !== '') address.searchParams.set(name, String(value))
  return address.href
}
