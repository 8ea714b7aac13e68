import { Badge, Button, Group, Menu, SegmentedControl, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { AddIcon, DeleteIcon, EditIcon, ForbiddenIcon, SearchIcon, SuccessIcon } from '../../../components/icons.ts'
import { FormError } from '../../../components/form-error.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast } from '../../../components/toast.ts'
import type { ProjectPageProps } from '../project-frame.tsx'
import styles from './policies.module.css'
import { bodyOf, draftOf, emptyDraft, nextRuns, type RetentionDraft, type RetentionRule } from './retention-policy.ts'
import { RetentionPreview } from './retention-preview.tsx'
import { RetentionRuleForm } from './retention-rule-form.tsx'
import { RetentionRuns } from './retention-runs.tsx'
import { useSelectorText } from './rule-selectors.tsx'
import { useRuleText } from './rule-text.ts'
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

type Edited = { readonly at: number | undefined }

function Editor({ project, can, policyId, saved }: EditorProps) {
  const t = useTranslations('policies')
  const client = useQueryClient()
  const [changed, setChanged] = useState<RetentionDraft>()
  const [edited, setEdited] = useState<Edited>()
  const [previewed, setPreviewed] = useState(false)
  const draft = changed ?? saved
  const mayChange = can('tag-retention', policyId === undefined ? 'create' : 'update')
  const change = (part: Partial<RetentionDraft>) => setChanged({ ...draft, ...part })
  const cronIsWrong = draft.cron !== '' && nextRuns(draft.cron, 1) === undefined
  const save = useMutation({
    mutationFn: async () => {
      const body = bodyOf(draft, project.project_id)
      if (policyId === undefined) await call('POST /retentions', { body })
      else await call('PUT /retentions/{id}', { params: { id: policyId }, body })
    },
    onSuccess: async () => {
      await invalidate(client, '/retentions', '/projects')
      setChanged(undefined)
      toast(t('saved'))
    },
  })
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
  const replaceRule = (at: number, rule: RetentionRule | undefined) =>
    change({ rules: draft.rules.flatMap((each, index) => (index !== at ? [each] : rule === undefined ? [] : [rule])) })
  return (
    <>
      <Section
        title={t('retention')}
        description={t('retentionHint')}
        actions={
          <Group gap="xs">
            {mayChange && (
              <Button
                variant="default"
                leftSection={<AddIcon size={15} />}
                onClick={() => setEdited({ at: undefined })}
              >
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
        }
      >
        <Stack gap="lg">
          {draft.rules.length === 0 ? (
            <Text c="dimmed">{t('noRules')}</Text>
          ) : (
            <RuleList
              rules={draft.rules}
              mayChange={mayChange}
              onEdit={(at) => setEdited({ at })}
              onReplace={replaceRule}
            />
          )}
          {draft.rules.length > 0 && (
            <>
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
                  value={draft.mode}
                  disabled={!mayChange}
                  onChange={(mode) => change({ mode: mode as RetentionDraft['mode'] })}
                />
                <Text size="sm" c="dimmed" mt={4}>
                  {t(`modeHints.${draft.mode}`)}
                </Text>
              </div>
              <ScheduleInput cron={draft.cron} disabled={!mayChange} onChange={(cron) => change({ cron })} />
            </>
          )}
          {save.error !== null && <FormError error={save.error} />}
          <Group justify="space-between" className={styles.foot ?? ''}>
            <Button
              variant="default"
              leftSection={<SearchIcon size={15} />}
              disabled={draft.rules.length === 0}
              onClick={() => setPreviewed(true)}
            >
              {t('preview.open')}
            </Button>
            {changed !== undefined && (
              <Group gap="xs">
                <Text size="sm" c="dimmed">
                  {t('unsaved')}
                </Text>
                <Button
                  variant="default"
                  onClick={() => {
                    setChanged(undefined)
                    save.reset()
                  }}
                >
                  {t('discard')}
                </Button>
                <Button loading={save.isPending} disabled={cronIsWrong} onClick={() => save.mutate()}>
                  {t('savePolicy')}
                </Button>
              </Group>
            )}
          </Group>
        </Stack>
        {edited !== undefined && (
          <RetentionRuleForm
            rule={edited.at === undefined ? undefined : draft.rules[edited.at]}
            onClose={() => setEdited(undefined)}
            onDone={(rule) => {
              if (edited.at === undefined) change({ rules: [...draft.rules, rule] })
              else replaceRule(edited.at, rule)
              setEdited(undefined)
            }}
          />
        )}
      </Section>
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

interface RuleListProps {
  readonly rules: readonly RetentionRule[]
  readonly mayChange: boolean
  onEdit(at: number): void
  onReplace(at: number, rule: RetentionRule | undefined): void
}

function RuleList({ rules, mayChange, onEdit, onReplace }: RuleListProps) {
  const t = useTranslations('policies')
  const common = useTranslations('common')
  const ruleText = useRuleText()
  const selectorText = useSelectorText()
  return (
    <ol className={styles.rules} aria-label={t('rules')}>
      {rules.map((rule, at) => (
        <li key={`${at} ${rule.template}`} className={styles.rule} data-disabled={rule.disabled || undefined}>
          <span className={styles.place}>{at + 1}</span>
          <div className={styles.ruleText}>
            <Text fw={500}>
              {ruleText(rule)}
              {rule.disabled && (
                <Badge variant="default" ml="xs">
                  {t('ruleDisabled')}
                </Badge>
              )}
            </Text>
            <Text size="sm" c="dimmed">
              {selectorText(rule)}
            </Text>
          </div>
          {mayChange && (
            <RowMenu name={t('ruleNumber', { number: at + 1 })}>
              <Menu.Item leftSection={<EditIcon size={15} />} onClick={() => onEdit(at)}>
                {common('edit')}
              </Menu.Item>
              <Menu.Item
                leftSection={rule.disabled ? <SuccessIcon size={15} /> : <ForbiddenIcon size={15} />}
                onClick={() => onReplace(at, { ...rule, disabled: !rule.disabled })}
              >
                {t(rule.disabled ? 'enableRule' : 'disableRule')}
              </Menu.Item>
              <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => onReplace(at, undefined)}>
                {common('remove')}
              </Menu.Item>
            </RowMenu>
          )}
        </li>
      ))}
    </ol>
  )
}
