import { Button, Group, Menu, SegmentedControl, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { AddIcon, DeleteIcon, SearchIcon } from '../../../components/icons.ts'
import { FormError } from '../../../components/form-error.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast } from '../../../components/toast.ts'
import type { ProjectPageProps } from '../project-frame.tsx'
import styles from './policies.module.css'
import {
  bodyOf,
  draftOf,
  emptyDraft,
  nextRuns,
  ruleReplaced,
  type RetentionDraft,
  type RetentionRule,
} from './retention-policy.ts'
import { RetentionPreview } from './retention-preview.tsx'
import { RetentionRuleForm } from './retention-rule-form.tsx'
import { RetentionRuleList } from './retention-rule-list.tsx'
import { RetentionRuns } from './retention-runs.tsx'
import { ScheduleInput } from './schedule-input.tsx'

/** What a project keeps: rules, schedule, preview and runs. */
export function Retention(props: ProjectPageProps) {
  const { project } = props
  const id = project.metadata.retention_id
  const policy = useQuery({
    ...query('GET /retentions/{id}', { params: { id: id ?? '' } }),
    enabled: id !== undefined && id !== '',
  })
  if (policy.error !== null) return <ErrorFace error={policy.error} onRetry={() => void policy.refetch()} />
  if (policy.isLoading) return <LoadingFace />
  const saved = policy.data === undefined ? emptyDraft : draftOf(policy.data)
  // Another policy, another editor: what was typed for one is not the other's.
  return <Editor key={id ?? 'new'} {...props} policyId={policy.data?.id} saved={saved} />
}

interface EditorProps extends ProjectPageProps {
  readonly policyId: number | undefined
  readonly saved: RetentionDraft
}

/** A place in the list, or a rule that is new. */
type Edited = { readonly at: number | undefined }

/** A draft of the policy: what it says, its preview, and the runs of the policy that is saved. */
function Editor({ project, can, policyId, saved }: EditorProps) {
  const [changed, setChanged] = useState<RetentionDraft>()
  const [previewed, setPreviewed] = useState(false)
  const draft = changed ?? saved
  return (
    <>
      <Policy
        project={project}
        can={can}
        policyId={policyId}
        draft={draft}
        isChanged={changed !== undefined}
        onChange={setChanged}
        onPreview={() => setPreviewed(true)}
      />
      {previewed && draft.rules.length > 0 && (
        <RetentionPreview project={project} draft={draft} onClose={() => setPreviewed(false)} />
      )}
      {policyId !== undefined && (
        <RetentionRuns
          project={project.name}
          policyId={policyId}
          mayRun={can('tag-retention', 'update')}
          isChanged={changed !== undefined}
        />
      )}
    </>
  )
}

interface PolicyProps extends ProjectPageProps {
  readonly policyId: number | undefined
  readonly draft: RetentionDraft
  readonly isChanged: boolean
  /** Undefined: as it is saved. */
  onChange(draft: RetentionDraft | undefined): void
  onPreview(): void
}

/** The rules, the mode and the schedule, and the form of the rule that is edited. */
function Policy(props: PolicyProps) {
  const { can, policyId, draft, onChange } = props
  const t = useTranslations('policies')
  const [edited, setEdited] = useState<Edited>()
  const mayChange = can('tag-retention', policyId === undefined ? 'create' : 'update')
  const change = (part: Partial<RetentionDraft>) => onChange({ ...draft, ...part })
  const replace = (at: number | undefined, rule: RetentionRule | undefined) =>
    change({ rules: ruleReplaced(draft.rules, at, rule) })
  return (
    <Section
      title={t('retention')}
      description={t('retentionHint')}
      actions={<PolicyActions {...props} mayChange={mayChange} onAdd={() => setEdited({ at: undefined })} />}
    >
      <Stack gap="lg">
        {draft.rules.length === 0 ? (
          <Text c="dimmed">{t('noRules')}</Text>
        ) : (
          <>
            <RetentionRuleList
              rules={draft.rules}
              mayChange={mayChange}
              onEdit={(at) => setEdited({ at })}
              onReplace={replace}
            />
            <ModeChoice mode={draft.mode} disabled={!mayChange} onChange={(mode) => change({ mode })} />
            <ScheduleInput cron={draft.cron} disabled={!mayChange} onChange={(cron) => change({ cron })} />
          </>
        )}
        <SaveRow {...props} />
      </Stack>
      {edited !== undefined && (
        <RetentionRuleForm
          rule={edited.at === undefined ? undefined : draft.rules[edited.at]}
          onClose={() => setEdited(undefined)}
          onDone={(rule) => {
            replace(edited.at, rule)
            setEdited(undefined)
          }}
        />
      )}
    </Section>
  )
}

interface PolicyActionsProps extends PolicyProps {
  readonly mayChange: boolean
  onAdd(): void
}

function PolicyActions({ project, can, policyId, mayChange, onAdd }: PolicyActionsProps) {
  const t = useTranslations('policies')
  const client = useQueryClient()
  const askToDelete = () =>
    confirmDestruction({
      title: t('deletePolicyTitle', { project: project.name }),
      what: t('deletePolicyWhat'),
      run: async () => {
        await call('DELETE /retentions/{id}', { params: { id: policyId ?? 0 } })
        await invalidate(client, '/projects')
        toast(t('policyDeleted'))
      },
    })
  return (
    <Group gap="xs">
      {mayChange && (
        <Button variant="default" leftSection={<AddIcon size={15} />} onClick={onAdd}>
          {t('addRule')}
        </Button>
      )}
      {policyId !== undefined && can('tag-retention', 'delete') && (
        <RowMenu name={t('retention')}>
          <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
            {t('deletePolicy')}
          </Menu.Item>
        </RowMenu>
      )}
    </Group>
  )
}

interface ModeChoiceProps {
  readonly mode: RetentionDraft['mode']
  readonly disabled: boolean
  onChange(mode: RetentionDraft['mode']): void
}

function ModeChoice({ mode, disabled, onChange }: ModeChoiceProps) {
  const t = useTranslations('policies')
  return (
    <div>
      <Text size="sm" fw={500} mb={4} id="retention-mode">
        {t('mode')}
      </Text>
      <SegmentedControl
        aria-labelledby="retention-mode"
        data={[
          { value: 'artifact', label: t('modes.artifact') },
          { value: 'tag', label: t('modes.tag') },
        ]}
        value={mode}
        disabled={disabled}
        onChange={(next) => onChange(next as RetentionDraft['mode'])}
      />
      <Text size="sm" c="dimmed" mt={4}>
        {t(`modeHints.${mode}`)}
      </Text>
    </div>
  )
}

/** Preview, and what becomes of changes. */
function SaveRow({ project, policyId, draft, isChanged, onChange, onPreview }: PolicyProps) {
  const t = useTranslations('policies')
  const client = useQueryClient()
  const cronIsWrong = draft.cron !== '' && nextRuns(draft.cron, 1) === undefined
  const save = useMutation({
    mutationFn: async () => {
      const body = bodyOf(draft, project.project_id)
      if (policyId === undefined) await call('POST /retentions', { body })
      else await call('PUT /retentions/{id}', { params: { id: policyId }, body })
    },
    onSuccess: async () => {
      await invalidate(client, '/retentions', '/projects')
      onChange(undefined)
      toast(t('saved'))
    },
  })
  const discard = () => {
    onChange(undefined)
    save.reset()
  }
  return (
    <>
      {save.error !== null && <FormError error={save.error} />}
      <Group justify="space-between" className={styles.foot ?? ''}>
        <Button
          variant="default"
          leftSection={<SearchIcon size={15} />}
          disabled={draft.rules.length === 0}
          onClick={onPreview}
        >
          {t('preview.open')}
        </Button>
        {isChanged && (
          <Group gap="xs">
            <Text size="sm" c="dimmed">
              {t('unsaved')}
            </Text>
            <Button variant="default" onClick={discard}>
              {t('discard')}
            </Button>
            <Button loading={save.isPending} disabled={cronIsWrong} onClick={() => save.mutate()}>
              {t('savePolicy')}
            </Button>
          </Group>
        )}
      </Group>
    </>
  )
}
