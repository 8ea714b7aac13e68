import { Button, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { reasonOf } from '../../../api/api-error.ts'
import { invalidate } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { toast } from '../../../components/toast.ts'
import { ConditionFields } from './condition-fields.tsx'
import { HeldBack } from './held-back.tsx'
import { policyPaths, savePolicy, type Policy, type PolicyBody, type PolicyPlace } from './policy-api.ts'
import { draftOf, emptyDraft, modes, policyOf, wrongFields, type PolicyDraft } from './policy-draft.ts'
import { useConditionText, useScopeText } from './policy-words.ts'
import styles from './pull-policies.module.css'
import { ProjectSelect } from './project-select.tsx'

interface PolicyFormProps {
  readonly project: PolicyPlace
  /** None: a new one. */
  readonly policy: Policy | undefined
  onClose(): void
}

/** Everything that a policy can ask for, in words, and what it would hold back if it were saved now. */
export function PolicyForm({ project, policy, onClose }: PolicyFormProps) {
  const t = useTranslations('pullPolicies')
  const common = useTranslations('common')
  const errors = useTranslations('errors.reasons')
  const client = useQueryClient()
  const [draft, setDraft] = useState<PolicyDraft>(() => (policy === undefined ? emptyDraft : draftOf(policy)))
  const [isAsked, setAsked] = useState(false)
  const set = (fields: Partial<PolicyDraft>) => setDraft((before) => ({ ...before, ...fields }))
  const wrong = wrongFields(draft)
  const save = useMutation({
    mutationFn: async () => await savePolicy(project, policy?.id, policyOf(draft)),
    onSuccess: async () => {
      onClose()
      toast(t('savedToast', { name: draft.name.trim() }))
      await invalidate(client, ...policyPaths)
    },
  })
  const isNameTaken = reasonOf(save.error) === 'NAME_TAKEN'
  const errorOf = (field: keyof PolicyDraft) => {
    const kind = isAsked ? wrong.get(field) : undefined
    if (kind !== undefined) return kind === 'required' ? common('required') : t(`wrong.${kind}`)
    return field === 'name' && isNameTaken ? errors('NAME_TAKEN') : undefined
  }
  return (
    <ModalForm
      opened
      onClose={onClose}
      size="xl"
      title={t(policy === undefined ? 'newPolicy' : 'editPolicy')}
      submitLabel={common('save')}
      pending={save.isPending}
      error={isNameTaken ? null : save.error}
      onSubmit={(event) => {
        event?.preventDefault()
        setAsked(true)
        if (wrong.size === 0) save.mutate()
      }}
    >
      <TextInput
        label={t('name')}
        description={t('nameHint')}
        maxLength={64}
        spellCheck={false}
        data-autofocus
        value={draft.name}
        error={errorOf('name')}
        onChange={({ currentTarget: { value } }) => set({ name: value })}
      />
      <fieldset className={styles.fields}>
        <legend>{t('asks')}</legend>
        <ConditionFields project={project} draft={draft} set={set} errorOf={errorOf} />
      </fieldset>
      <fieldset className={styles.fields}>
        <legend>{t('concerns')}</legend>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
          <TextInput
            label={t('repositories')}
            description={t(project === undefined ? 'repositoriesHintRegistry' : 'repositoriesHint')}
            spellCheck={false}
            value={draft.repositories}
            onChange={({ currentTarget: { value } }) => set({ repositories: value })}
          />
          <TextInput
            label={t('tags')}
            description={t('tagsHint')}
            spellCheck={false}
            value={draft.tags}
            onChange={({ currentTarget: { value } }) => set({ tags: value })}
          />
        </SimpleGrid>
      </fieldset>
      <Select
        label={t('mode')}
        description={t(`modeHints.${draft.mode}`)}
        data={modes.map((value) => ({ value, label: t(`modes.${value}`) }))}
        value={draft.mode}
        allowDeselect={false}
        onChange={(value) => value !== null && set({ mode: value as PolicyDraft['mode'] })}
      />
      <Trial
        project={project}
        isSendable={wrong.size === 0 || [...wrong.keys()].every((field) => field === 'name')}
        draft={draft}
        onIncomplete={() => setAsked(true)}
      />
    </ModalForm>
  )
}

interface TrialProps {
  readonly project: PolicyPlace
  readonly isSendable: boolean
  readonly draft: PolicyDraft
  onIncomplete(): void
}

/** The sentence that the draft makes, and on demand what it would hold back. */
function Trial({ project, isSendable, draft, onIncomplete }: TrialProps) {
  const t = useTranslations('pullPolicies')
  const conditionText = useConditionText()
  const scopeText = useScopeText()
  const [tried, setTried] = useState<PolicyBody>()
  const [chosen, setChosen] = useState<string>()
  const name = project ?? chosen
  const body = isSendable ? policyOf({ ...draft, name: draft.name.trim() || 'draft' }) : undefined
  const isStale = tried !== undefined && JSON.stringify(tried) !== JSON.stringify(body)
  return (
    <Stack gap="sm" className={styles.trial}>
      {body !== undefined && (
        <Text size="sm">
          {t('inWords', {
            scope: scopeText({ repositories: body.repositories ?? '**', tags: body.tags ?? '**' }),
            asks: conditionText(body.condition),
          })}
        </Text>
      )}
      <Group gap="sm" align="flex-end">
        {project === undefined && (
          <ProjectSelect label={t('tryOn')} placeholder={t('tryOnAll')} value={chosen} onChange={setChosen} />
        )}
        <Button
          variant="default"
          onClick={() => {
            if (body === undefined) onIncomplete()
            else setTried(body)
          }}
        >
          {t('try')}
        </Button>
      </Group>
      {tried !== undefined && (
        <div data-stale={isStale || undefined} className={styles.outcome}>
          {isStale && (
            <Text size="xs" c="dimmed" mb={4}>
              {t('tryAgain')}
            </Text>
          )}
          <HeldBack project={name} draft={tried} isOfRegistry={project === undefined} />
        </div>
      )}
    </Stack>
  )
}
