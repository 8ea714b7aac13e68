import { Checkbox, Modal, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../api/client.ts'
import { invalidate } from '../../api/queries.ts'
import { FormError } from '../../components/form-error.tsx'
import { LoadingFace } from '../../components/states.tsx'
import type { Artifact, Place } from './artifact-columns.tsx'
import { LabelChip } from './label-chip.tsx'
import { useLabels, type Label } from './use-labels.ts'

interface EditLabelsProps {
  readonly place: Place
  readonly artifact: Pick<Artifact, 'digest' | 'labels' | 'project_id'>
  onClose(): void
}

/** Labels of the project and of the registry; each is put on and taken off at once. */
export function EditLabels({ place, artifact, onClose }: EditLabelsProps) {
  const t = useTranslations('artifacts')
  const common = useTranslations('common')
  const client = useQueryClient()
  const found = useLabels(artifact.project_id)
  const [chosen, setChosen] = useState(new Set(artifact.labels?.map(({ id }) => id)))
  const change = useMutation({
    mutationFn: async ({ label, on }: { label: Label; on: boolean }) => {
      const params = { project_name: place.projectName, repository_name: place.repository, reference: artifact.digest }
      const path = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/labels' as const
      if (on) await call(`POST ${path}`, { params, body: { id: label.id } })
      else await call(`DELETE ${path}/{label_id}`, { params: { ...params, label_id: label.id } })
      setChosen((before) => {
        const next = new Set(before)
        if (on) next.add(label.id)
        else next.delete(label.id)
        return next
      })
      await invalidate(client, '/projects/{project_name}/repositories')
    },
  })
  const labels = found.isComplete ? found.labels : undefined
  const error = found.error ?? change.error
  return (
    <Modal opened onClose={onClose} title={t('editLabels')} closeButtonProps={{ 'aria-label': common('close') }}>
      <Stack gap="sm">
        {error !== null && <FormError error={error} />}
        {labels === undefined && error === null && <LoadingFace lines={3} />}
        {labels?.length === 0 && <Text c="dimmed">{t('noLabels')}</Text>}
        {labels?.map((label) => (
          <Checkbox
            key={label.id}
            label={<LabelChip label={label} />}
            description={label.description}
            checked={chosen.has(label.id)}
            disabled={change.isPending}
            onChange={(event) => change.mutate({ label, on: event.currentTarget.checked })}
          />
        ))}
      </Stack>
    </Modal>
  )
}
