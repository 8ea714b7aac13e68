import { Checkbox, Select, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../api/client.ts'
import { invalidate, query } from '../../api/queries.ts'
import { ModalForm } from '../../components/modal-form.tsx'
import { toast } from '../../components/toast.ts'
import type { Place } from './artifact-columns.tsx'

const forms = ['cosign', 'cosign-tag', 'notation'] as const

interface SignArtifactProps {
  readonly place: Place
  readonly digest: string
  onClose(): void
}

/** Signs with a key of the project; where it wants two persons, asks for the second one. */
export function SignArtifact({ place, digest, onClose }: SignArtifactProps) {
  const t = useTranslations('signing')
  const client = useQueryClient()
  const { data: keys } = useQuery(
    query('GET /projects/{project_name_or_id}/signature-keys', { params: { project_name_or_id: place.projectName } }),
  )
  const active = (keys ?? []).filter(({ state }) => state === 'active')
  const form = useForm({
    initialValues: { key: null as string | null, forms: ['cosign'] as string[], comment: '' },
    validate: {
      key: (key) => (key === null && active.length !== 1 ? t('keyNeeded') : null),
      forms: (chosen) => (chosen.length === 0 ? t('formNeeded') : null),
    },
  })
  const sign = useMutation({
    mutationFn: async ({ key, forms: chosen, comment }: typeof form.values) => {
      const params = { project_name: place.projectName, repository_name: place.repository, reference: digest }
      return await call(
        'POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/signatures',
        {
          params,
          body: {
            key_id: Number(key ?? active[0]?.id),
            forms: forms.filter((each) => chosen.includes(each)),
            comment,
          },
        },
      )
    },
    onSuccess: async (answer) => {
      onClose()
      toast('request_id' in answer ? t('requested', { id: String(answer.request_id) }) : t('signed'))
      await invalidate(client, '/projects')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t('sign')}
      submitLabel={t('sign')}
      pending={sign.isPending}
      error={sign.error}
      onSubmit={form.onSubmit((values) => sign.mutate(values))}
    >
      {keys !== undefined && active.length === 0 && <Text size="sm">{t('noKeys')}</Text>}
      <Select
        label={t('key')}
        data={active.map(({ id, name, version }) => ({ value: String(id), label: `${name} v${version}` }))}
        allowDeselect={false}
        {...form.getInputProps('key')}
        value={form.values.key ?? (active.length === 1 ? String(active[0]!.id) : null)}
      />
      <Checkbox.Group label={t('forms')} {...form.getInputProps('forms')}>
        <Stack gap={6} mt={6}>
          {forms.map((each) => (
            <Checkbox key={each} value={each} label={t(`formNames.${each}`)} />
          ))}
        </Stack>
      </Checkbox.Group>
      <TextInput label={t('comment')} description={t('commentHint')} {...form.getInputProps('comment')} />
    </ModalForm>
  )
}
