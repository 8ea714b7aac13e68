import { Button, Menu, TagsInput, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { AddIcon, DeleteIcon, EditIcon } from '../../../components/icons.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast } from '../../../components/toast.ts'
import { useFormat } from '../../../i18n/format.ts'
import type { ProjectPageProps } from '../project-frame.tsx'
import styles from './policies.module.css'

const collection = '/projects/{project_name_or_id}/protected-tags'
const item = `${collection}/{protection_id}` as const

type Rule = RowOf<`GET ${typeof collection}`>

/** Which tags only some may set, move and delete. A project has few rules; they come whole. */
export function ProtectedTags({ project, can }: ProjectPageProps) {
  const t = useTranslations('quarantine.protectedTags')
  const [edited, setEdited] = useState<Rule | 'new'>()
  const rules = useQuery(query(`GET ${collection}`, { params: { project_name_or_id: project.name } }))
  const mayChange = can('configuration', 'update')
  return (
    <Section
      title={t('title')}
      description={t('hint')}
      actions={
        mayChange && (
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
          {rules.data.map((rule) => (
            <RuleRow key={rule.id} project={project.name} {...{ rule, mayChange }} onEdit={setEdited} />
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

interface RuleRowProps {
  readonly project: string
  readonly rule: Rule
  readonly mayChange: boolean
  onEdit(rule: Rule): void
}

function RuleRow({ project, rule, mayChange, onEdit }: RuleRowProps) {
  const t = useTranslations('quarantine.protectedTags')
  const common = useTranslations('common')
  const client = useQueryClient()
  const format = useFormat()
  const { tags, repositories, users, robots } = rule
  const names = [...users, ...robots]
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { tags }),
      what: t('deleteWhat'),
      run: async () => {
        await call(`DELETE ${item}`, { params: { project_name_or_id: project, protection_id: rule.id } })
        await invalidate(client, '/projects')
        toast(t('deleted'))
      },
    })
  return (
    <li className={styles.rule}>
      <div className={styles.ruleText}>
        {names.length === 0
          ? t('byPermission', { tags, repositories })
          : t('byNames', { tags, repositories, names: format.list(names) })}
      </div>
      {mayChange && (
        <RowMenu name={tags}>
          <Menu.Item leftSection={<EditIcon size={15} />} onClick={() => onEdit(rule)}>
            {common('edit')}
          </Menu.Item>
          <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
            {common('delete')}
          </Menu.Item>
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
  const t = useTranslations('quarantine.protectedTags')
  const common = useTranslations('common')
  const client = useQueryClient()
  const form = useForm({
    initialValues: {
      tags: rule?.tags ?? '',
      repositories: rule?.repositories ?? '**',
      users: [...(rule?.users ?? [])],
      robots: [...(rule?.robots ?? [])],
    },
    validate: { tags: (value) => (value.trim() === '' ? common('required') : null) },
  })
  const save = useMutation({
    mutationFn: async (body: typeof form.values) => {
      const params = { project_name_or_id: project }
      if (rule === undefined) await call(`POST ${collection}`, { params, body })
      else await call(`PUT ${item}`, { params: { ...params, protection_id: rule.id }, body })
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
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <TextInput
        label={t('tags')}
        description={t('tagsHint')}
        spellCheck={false}
        required
        data-autofocus
        {...form.getInputProps('tags')}
      />
      <TextInput
        label={t('repositories')}
        description={t('repositoriesHint')}
        spellCheck={false}
        {...form.getInputProps('repositories')}
      />
      <TagsInput label={t('users')} description={t('usersHint')} acceptValueOnBlur {...form.getInputProps('users')} />
      <TagsInput
        label={t('robots')}
        description={t('robotsHint')}
        acceptValueOnBlur
        {...form.getInputProps('robots')}
      />
    </ModalForm>
  )
}
