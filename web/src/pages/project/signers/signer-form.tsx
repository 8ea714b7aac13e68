import { Select, TextInput, Textarea } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { toast } from '../../../components/toast.ts'
import { useRefusal } from '../../../components/use-refusal.ts'
import { definitionOf, emptyDraft, readObject, signerKinds, storesNamed, type SignerDraft } from './signer-draft.ts'

interface SignerFormProps {
  readonly project?: string
  onClose(): void
}

/** Trusts somebody: what is asked for depends on how they sign. */
export function SignerForm({ project, onClose }: SignerFormProps) {
  const t = useTranslations('signatures')
  const common = useTranslations('common')
  const client = useQueryClient()
  const required = (value: string, { kind }: SignerDraft, kinds: readonly string[]) =>
    kinds.includes(kind) && value.trim() === '' ? common('required') : null
  const json = (value: string, draft: SignerDraft, kind: string) =>
    required(value, draft, [kind]) ?? (draft.kind === kind && readObject(value) === undefined ? t('notJson') : null)
  const form = useForm<SignerDraft>({
    initialValues: emptyDraft,
    validate: {
      name: (value) => (value.trim() === '' ? common('required') : null),
      publicKey: (value, draft) => required(value, draft, ['key']),
      certificates: (value, draft) => required(value, draft, ['certificate']),
      issuer: (value, draft) => required(value, draft, ['keyless']),
      subject: (value, draft) => required(value, draft, ['keyless']),
      trustedRoot: (value, draft) => json(value, draft, 'keyless'),
      trustPolicy: (value, draft) => json(value, draft, 'notation'),
    },
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const save = useMutation({
    mutationFn: async (draft: SignerDraft) => {
      const body = { name: draft.name.trim(), definition: definitionOf(draft) }
      await (project === undefined
        ? call('POST /signers', { body })
        : call('POST /projects/{project_name_or_id}/signers', { params: { project_name_or_id: project }, body }))
    },
    onError: refusal.onError,
    onSuccess: async (_, { name }) => {
      onClose()
      toast(t('addedToast', { name }))
      await invalidate(client, '/signers', '/projects')
    },
  })
  const { kind, trustPolicy } = form.values
  const area = (field: 'publicKey' | 'certificates' | 'trustedRoot' | 'trustPolicy' | 'revocationLists') => (
    <Textarea
      label={t(field)}
      description={t(`hints.${field}`)}
      autosize
      minRows={3}
      maxRows={10}
      spellCheck={false}
      {...form.getInputProps(field)}
    />
  )
  return (
    <ModalForm
      opened
      onClose={onClose}
      size="lg"
      title={t('new')}
      submitLabel={common('save')}
      pending={save.isPending}
      error={refusal.rest(save.error)}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <TextInput label={t('name')} maxLength={128} data-autofocus {...form.getInputProps('name')} />
      <Select
        label={t('kind')}
        data={signerKinds.map((value) => ({ value, label: t(`kinds.${value}`) }))}
        allowDeselect={false}
        {...form.getInputProps('kind')}
      />
      {kind === 'key' && area('publicKey')}
      {kind === 'certificate' && area('certificates')}
      {kind === 'keyless' && (
        <TextInput
          label={t('issuer')}
          description={t('issuerHint')}
          spellCheck={false}
          {...form.getInputProps('issuer')}
        />
      )}
      {(kind === 'certificate' || kind === 'keyless') && (
        <TextInput
          label={t(kind === 'keyless' ? 'identity' : 'subject')}
          description={t(kind === 'keyless' ? 'identityHint' : 'subjectHint')}
          spellCheck={false}
          {...form.getInputProps('subject')}
        />
      )}
      {kind === 'keyless' && area('trustedRoot')}
      {kind === 'notation' && area('trustPolicy')}
      {kind === 'notation' &&
        storesNamed(trustPolicy).map((store) => (
          <Textarea
            key={store}
            label={t('trustStore', { name: store })}
            description={t('trustStoreHint')}
            autosize
            minRows={2}
            maxRows={8}
            spellCheck={false}
            value={form.values.trustStores[store] ?? ''}
            onChange={({ currentTarget: { value } }) =>
              form.setFieldValue('trustStores', { ...form.values.trustStores, [store]: value })
            }
          />
        ))}
      {(kind === 'certificate' || kind === 'notation') && area('revocationLists')}
    </ModalForm>
  )
}
