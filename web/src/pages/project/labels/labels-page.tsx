import { Button, ColorInput, Menu, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { usePagedRows } from '../../../api/paged-rows.ts'
import { invalidate } from '../../../api/queries.ts'
import type { Bulk } from '../../../components/bulk.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, type Column } from '../../../components/data-list.tsx'
import { AddIcon, DeleteIcon, EditIcon, LabelIcon } from '../../../components/icons.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast } from '../../../components/toast.ts'
import { RelativeTime } from '../../../components/values.tsx'
import { LabelChip } from '../../artifacts/label-chip.tsx'
import { ProjectFrame } from '../project-frame.tsx'
import { useRefusal } from '../../../components/use-refusal.ts'

type Label = RowOf<'GET /labels'>

const route = getRouteApi('/shell/signed-in/projects/$projectName/labels')

export function ProjectLabelsPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="labels">
      {({ project, can }) => (
        <LabelList
          projectId={project.project_id}
          mayCreate={can('label', 'create')}
          mayChange={can('label', 'update')}
        />
      )}
    </ProjectFrame>
  )
}

interface LabelListProps {
  /** None: labels of the registry. */
  readonly projectId?: number
  readonly mayCreate: boolean
  readonly mayChange: boolean
}

/** Labels of a project or of the registry. */
export function LabelList({ projectId, mayCreate, mayChange }: LabelListProps) {
  const t = useTranslations('labels')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [edited, setEdited] = useState<Label | 'new'>()
  const rows = usePagedRows('GET /labels', {
    query: projectId === undefined ? { scope: 'g' } : { scope: 'p', project_id: projectId },
  })
  const askToDelete = (label: Label) =>
    confirmDestruction({
      title: t('deleteTitle', { name: label.name }),
      what: t('deleteWhat'),
      run: async () => {
        await call('DELETE /labels/{label_id}', { params: { label_id: label.id } })
        await invalidate(client, '/labels', '/projects')
        toast(t('deleted', { name: label.name }))
      },
    })
  const bulk: Bulk<Label> = {
    of: String(projectId),
    nameOf: ({ name }) => name,
    actions: mayChange
      ? [
          {
            key: 'delete',
            label: common('delete'),
            icon: DeleteIcon,
            danger: true,
            final: true,
            title: (count) => t('bulkDeleteTitle', { count }),
            what: t('bulkDeleteWhat'),
            itemOf: ({ id }) => id,
            send: async (items) => await call('POST /batch/delete-labels', { body: { items: items.map(Number) } }),
            after: async (of) => await invalidate(of, '/labels', '/projects'),
            done: (count) => t('bulkDeleted', { count }),
          },
        ]
      : [],
  }
  const columns: readonly Column<Label>[] = [
    { key: 'name', header: t('name'), width: 'minmax(10rem, 1fr)', cell: (label) => <LabelChip label={label} /> },
    {
      key: 'description',
      header: t('description'),
      width: 'minmax(0, 2fr)',
      from: 'sm',
      cell: ({ description }) => description,
    },
    {
      key: 'created',
      header: t('created'),
      width: '9rem',
      from: 'md',
      cell: ({ creation_time }) => <RelativeTime time={creation_time} />,
    },
  ]
  const addButton = mayCreate && (
    <Button variant="default" leftSection={<AddIcon size={15} />} onClick={() => setEdited('new')}>
      {t('new')}
    </Button>
  )
  return (
    <Section flush description={t('explanation')} actions={addButton}>
      <DataList
        label={t('title')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        bulk={bulk}
        {...(mayChange
          ? {
              actions: (label: Label) => (
                <RowMenu name={label.name}>
                  <Menu.Item leftSection={<EditIcon size={15} />} onClick={() => setEdited(label)}>
                    {common('edit')}
                  </Menu.Item>
                  <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => askToDelete(label)}>
                    {common('delete')}
                  </Menu.Item>
                </RowMenu>
              ),
            }
          : {})}
        empty={
          <EmptyFace icon={LabelIcon} title={t('noneTitle')}>
            {t('noneText')}
          </EmptyFace>
        }
      />
      {edited !== undefined && (
        <LabelForm
          {...(edited === 'new' ? {} : { label: edited })}
          {...(projectId === undefined ? {} : { projectId })}
          onClose={() => setEdited(undefined)}
        />
      )}
    </Section>
  )
}

const swatches = ['#1f6f8b', '#2f9e6e', '#c77700', '#c03b2b', '#7b4fb5', '#5a6677']

interface LabelFormProps {
  readonly label?: Label
  readonly projectId?: number
  onClose(): void
}

function LabelForm({ label, projectId, onClose }: LabelFormProps) {
  const t = useTranslations('labels')
  const common = useTranslations('common')
  const client = useQueryClient()
  const form = useForm({
    initialValues: {
      name: label?.name ?? '',
      description: label?.description ?? '',
      color: label?.color || swatches[0]!,
    },
    validate: { name: (name) => (name.trim() === '' ? common('required') : null) },
  })
  const refusal = useRefusal(form, { NAME_TAKEN: 'name' })
  const save = useMutation({
    mutationFn: async (values: typeof form.values) => {
      const scope = projectId === undefined ? { scope: 'g' } : { scope: 'p', project_id: projectId }
      const body = { ...values, ...scope }
      if (label === undefined) await call('POST /labels', { body })
      else await call('PUT /labels/{label_id}', { params: { label_id: label.id }, body })
    },
    onError: refusal.onError,
    onSuccess: async () => {
      onClose()
      toast(common('saved'))
      await invalidate(client, '/labels', '/projects')
    },
  })
  return (
    <ModalForm
      opened
      onClose={onClose}
      title={label === undefined ? t('new') : t('editTitle', { name: label.name })}
      submitLabel={common('save')}
      pending={save.isPending}
      error={refusal.rest(save.error)}
      onSubmit={form.onSubmit((values) => save.mutate(values))}
    >
      <TextInput label={t('name')} maxLength={128} data-autofocus {...form.getInputProps('name')} />
      <ColorInput label={t('color')} format="hex" swatches={swatches} {...form.getInputProps('color')} />
      <Textarea label={t('description')} autosize minRows={2} {...form.getInputProps('description')} />
    </ModalForm>
  )
}
