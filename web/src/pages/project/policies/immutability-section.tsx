import { Badge, Button, Menu, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { AddIcon, DeleteIcon, EditIcon, ForbiddenIcon, SuccessIcon } from '../../../components/icons.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import type { ProjectPageProps } from '../project-frame.tsx'
import styles from './policies.module.css'
import { SelectorInputs, selectorFieldsOf, selectorsOf, useSelectorText } from './rule-selectors.tsx'

type Rule = RowOf<'GET /projects/{project_name_or_id}/immutabletagrules'>

/** Which tags stay where they are. A project has at most 15 rules; they come whole. */
export function Immutability({ project, can }: ProjectPageProps) {
  const t = useTranslations('policies.immutability')
  const [edited, setEdited] = useState<Rule | 'new'>()
  const rules = useQuery(
    query('GET /projects/{project_name_or_id}/immutabletagrules', {
      params: { project_name_or_id: project.name },
      query: { page_size: 100 },
    }),
  )
  return (
    <Section
      title={t('title')}
      description={t('hint')}
      actions={
        can('immutable-tag', 'create') && (
          <Button variant="default" leftSection={<AddIcon size={15} />} onClick={() => setEdited('new')}>
            {t('add')}
          </Button>
        )
      }
    >
      {rules.error !== null ? (
        <ErrorFace error={rules.error} onRetry={() => void rules.refetch()} />
      ) : rules.data === undefined ? (
        <LoadingFace lines={2} />
      ) : rules.data.length === 0 ? (
        <Text c="dimmed">{t('none')}</Text>
      ) : (
        <ul className={styles.rules} aria-label={t('title')}>
          {rules.data.map((rule, at) => (
            <RuleRow key={rule.id} project={project.name} rule={rule} number={at + 1} can={can} onEdit={setEdited} />
          ))}
        </ul>
      )}
      {edited !== undefined && (
        <RuleForm
          project={project.name}
          rule={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
        />
      )}
    </Section>
  )
}

interface RuleRowProps extends Pick<ProjectPageProps, 'can'> {
  readonly project: string
  readonly rule: Rule
  readonly number: number
  onEdit(rule: Rule): void
}

function RuleRow({ project, rule, number, can, onEdit }: RuleRowProps) {
  const t = useTranslations('policies.immutability')
  const policies = useTranslations('policies')
  const common = useTranslations('common')
  const client = useQueryClient()
  const selectorText = useSelectorText()
  const name = policies('ruleNumber', { number })
  const params = { project_name_or_id: project, immutable_rule_id: rule.id }
  const setDisabled = useMutation({
    mutationFn: async (disabled: boolean) => {
      await call('PUT /projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id}', {
        params,
        body: { ...rule, disabled },
      })
      await invalidate(client, '/projects')
    },
    onSuccess: () => toast(common('saved')),
    onError: toastError,
  })
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { rule: selectorText(rule) }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id}', { params })
        await invalidate(client, '/projects')
        toast(t('deleted'))
      },
    })
  return (
    <li className={styles.rule} data-disabled={rule.disabled || undefined}>
      <div className={styles.ruleText}>
        {selectorText(rule)}
        {rule.disabled && (
          <Badge variant="default" ml="xs">
            {policies('ruleDisabled')}
          </Badge>
        )}
      </div>
      {(can('immutable-tag', 'update') || can('immutable-tag', 'delete')) && (
        <RowMenu name={name}>
          {can('immutable-tag', 'update') && (
            <>
              <Menu.Item leftSection={<EditIcon size={15} />} onClick={() => onEdit(rule)}>
                {common('edit')}
              </Menu.Item>
              <Menu.Item
                leftSection={rule.disabled ? <SuccessIcon size={15} /> : <ForbiddenIcon size={15} />}
                onClick={() => setDisabled.mutate(!rule.disabled)}
              >
                {policies(rule.disabled ? 'enableRule' : 'disableRule')}
              </Menu.Item>
            </>
          )}
          {can('immutable-tag', 'delete') && (
            <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
              {common('delete')}
            </Menu.Item>
          )}
        </RowMenu>
      )}
    </li>
  )
}

interface RuleFormProps {
  readonly project: string
  readonly rule: Rule | undefined
  onClose(): void
}

function RuleForm({ project, rule, onClose }: RuleFormProps) {
  const t = useTranslations('policies.immutability')
  const policies = useTranslations('policies')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [selectors, setSelectors] = useState(() => selectorFieldsOf(rule))
  const save = useMutation({
    mutationFn: async () => {
      const body = {
        disabled: rule?.disabled ?? false,
        priority: rule?.priority ?? 0,
        action: 'immutable',
        template: 'immutable_template',
        ...selectorsOf(selectors, rule),
      }
      const of = { project_name_or_id: project }
      if (rule === undefined) await call('POST /projects/{project_name_or_id}/immutabletagrules', { params: of, body })
      else
        await call('PUT /projects/{project_name_or_id}/immutabletagrules/{immutable_rule_id}', {
          params: { ...of, immutable_rule_id: rule.id },
          body,
        })
    },
    onSuccess: async () => {
      onClose()
      toast(common('saved'))
      await invalidate(client, '/projects')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={t(rule === undefined ? 'add' : 'edit')}
      submitLabel={common('save')}
      pending={save.isPending}
      error={save.error}
      onSubmit={(event) => {
        event?.preventDefault()
        save.mutate()
      }}
    >
      <SelectorInputs values={selectors} onChange={setSelectors} />
      <Text size="sm" c="dimmed">
        {policies('patternHint')}
      </Text>
    </ModalForm>
  )
}
