import { Checkbox, Select, SimpleGrid, Stack, Text, TextInput, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../../api/queries.ts'
import type { PolicyPlace } from './policy-api.ts'
import { conditionKinds, severities, type PolicyDraft } from './policy-draft.ts'

interface ConditionFieldsProps {
  readonly project: PolicyPlace
  readonly draft: PolicyDraft
  set(fields: Partial<PolicyDraft>): void
  errorOf(field: keyof PolicyDraft): string | undefined
}

/** What must be true of an artifact. Each kind has its own fields. */
export function ConditionFields(props: ConditionFieldsProps) {
  const { draft, set } = props
  const t = useTranslations('pullPolicies')
  return (
    <Stack gap="md">
      <Select
        aria-label={t('asks')}
        data={conditionKinds.map((value) => ({ value, label: t(`conditions.${value}`) }))}
        value={draft.kind}
        allowDeselect={false}
        onChange={(value) => value !== null && set({ kind: value as PolicyDraft['kind'] })}
      />
      {draft.kind === 'vulnerabilities' && <Vulnerabilities {...props} />}
      {draft.kind === 'scanned' && (
        <>
          <Days {...props} field="maxAgeDays" label={t('fields.maxAge')} hint={t('fields.maxAgeHint')} />
          <Check {...props} field="complete" label={t('fields.complete')} hint={t('fields.completeHint')} />
        </>
      )}
      {draft.kind === 'signed' && <Signed {...props} />}
      {draft.kind === 'licences' && (
        <Textarea
          label={t('fields.denied')}
          description={t('fields.deniedHint')}
          autosize
          minRows={2}
          spellCheck={false}
          value={draft.denied}
          error={props.errorOf('denied')}
          onChange={({ currentTarget: { value } }) => set({ denied: value })}
        />
      )}
      {draft.kind === 'age' && (
        <Days {...props} field="maxDays" label={t('fields.maxDays')} hint={t('fields.maxDaysHint')} />
      )}
      {draft.kind === 'size' && (
        <TextInput
          label={t('fields.maxSize')}
          description={t('fields.maxSizeHint')}
          value={draft.maxSize}
          error={props.errorOf('maxSize')}
          onChange={({ currentTarget: { value } }) => set({ maxSize: value })}
        />
      )}
    </Stack>
  )
}

function Vulnerabilities(props: ConditionFieldsProps) {
  const { draft, set, errorOf } = props
  const t = useTranslations('pullPolicies.fields')
  return (
    <>
      <Text size="sm" c="dimmed">
        {t('together')}
      </Text>
      <Select
        label={t('severity')}
        data={['', ...severities].map((value) => ({
          value: value || 'any',
          label: t(`severities.${value === '' ? 'any' : (value as 'low')}`),
        }))}
        value={draft.severity || 'any'}
        allowDeselect={false}
        onChange={(value) => set({ severity: value === null || value === 'any' ? '' : (value as 'low') })}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
        <Check {...props} field="knownExploited" label={t('exploited')} hint={t('exploitedHint')} />
        <Check {...props} field="fixable" label={t('fixable')} hint={t('fixableHint')} />
        <TextInput
          label={t('epss')}
          description={t('epssHint')}
          inputMode="decimal"
          value={draft.minEpss}
          error={errorOf('minEpss')}
          onChange={({ currentTarget: { value } }) => set({ minEpss: value })}
        />
        <Days {...props} field="graceDays" label={t('grace')} hint={t('graceHint')} />
      </SimpleGrid>
    </>
  )
}

const anyMethod = 'any'

function Signed({ project, draft, set }: ConditionFieldsProps) {
  const t = useTranslations('pullPolicies.fields')
  const ofRegistry = useQuery({
    ...query('GET /signers', { query: { page_size: 100 } }),
    enabled: project === undefined,
  })
  const ofProject = useQuery({
    ...query('GET /projects/{project_name_or_id}/signers', {
      params: { project_name_or_id: project ?? '' },
      query: { page_size: 100 },
    }),
    enabled: project !== undefined,
  })
  const known = (project === undefined ? ofRegistry : ofProject).data?.map(({ name }) => name) ?? []
  // Somebody who is trusted no more stays in the policy until they are taken out.
  const offered = [...new Set([...known, ...draft.signers])]
  return (
    <>
      <Select
        label={t('method')}
        data={[
          { value: anyMethod, label: t('methods.any') },
          { value: 'cosign', label: t('methods.cosign') },
          { value: 'notation', label: t('methods.notation') },
        ]}
        value={draft.method || anyMethod}
        allowDeselect={false}
        onChange={(value) => set({ method: value === null || value === anyMethod ? '' : (value as 'cosign') })}
      />
      {offered.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('noSigners')}
        </Text>
      ) : (
        <Checkbox.Group
          label={t('signers')}
          description={t('signersHint')}
          value={draft.signers}
          onChange={(signers) => set({ signers })}
        >
          <Stack gap="xs" mt="xs">
            {offered.map((name) => (
              <Checkbox key={name} value={name} label={known.includes(name) ? name : t('untrusted', { name })} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      {draft.signers.length > 1 && (
        <Select
          label={t('match')}
          data={(['any', 'all'] as const).map((value) => ({ value, label: t(`matches.${value}`) }))}
          value={draft.match}
          allowDeselect={false}
          onChange={(value) => value !== null && set({ match: value as 'any' | 'all' })}
        />
      )}
    </>
  )
}

interface FieldProps extends ConditionFieldsProps {
  readonly label: string
  readonly hint: string
}

function Days({
  draft,
  set,
  errorOf,
  field,
  label,
  hint,
}: FieldProps & { readonly field: 'maxAgeDays' | 'graceDays' | 'maxDays' }) {
  return (
    <TextInput
      label={label}
      description={hint}
      inputMode="numeric"
      value={draft[field]}
      error={errorOf(field)}
      onChange={({ currentTarget: { value } }) => set({ [field]: value })}
    />
  )
}

function Check({
  draft,
  set,
  field,
  label,
  hint,
}: FieldProps & { readonly field: 'complete' | 'knownExploited' | 'fixable' }) {
  return (
    <Checkbox
      label={label}
      description={hint}
      checked={draft[field]}
      onChange={({ currentTarget: { checked } }) => set({ [field]: checked })}
    />
  )
}
