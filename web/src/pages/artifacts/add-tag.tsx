import { TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { parseTagName } from '#contract/reference.ts'
import { call } from '../../api/client.ts'
import { invalidate } from '../../api/queries.ts'
import { ModalForm } from '../../components/modal-form.tsx'
import { toast } from '../../components/toast.ts'
import type { Place } from './artifact-columns.tsx'
import { useRefusal } from '../../components/use-refusal.ts'

function isTagName(text: string): boolean {
  try {
    parseTagName(text)
    return true
  } catch {
    return false
  }
}

interface AddTagProps {
  readonly place: Place
  readonly digest: string
  onClose(): void
}

export function AddTag({ place, digest, onClose }: AddTagProps) {
  const t = useTranslations('artifacts')
  const client = useQueryClient()
  const form = useForm({
    initialValues: { name: '' },
    validate: { name: (name) => (isTagName(name) ? null : t('tagInvalid')) },
  })
  const refusal = useRefusal(form, { TAG_TAKEN: 'name', TAG_IMMUTABLE: 'name', TAG_PROTECTED: 'name' })
  const add = useMutation({
    mutationFn: async ({ name }: typeof form.values) => {
      const params = { project_name: place.projectName, repository_name: place.repository, reference: digest }
      await call('POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags', {
        params,
        body: { name },
      })
      return name
    },
    onError: refusal.onError,
    onSuccess: async (name) => {
      onClose()
      toast(t('tagAdded', { tag: name }))
      await invalidate(client, '/projects/{project_name}/repositories')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('addTag')}
      submitLabel={t('addTag')}
      pending={add.isPending}
      error={refusal.rest(add.error)}
      onSubmit={form.onSubmit((values) => add.mutate(values))}
    >
      <TextInput
        label={t('tag')}
        description={t('tagHint')}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-autofocus
        {...form.getInputProps('name')}
      />
    </ModalForm>
  )
}
