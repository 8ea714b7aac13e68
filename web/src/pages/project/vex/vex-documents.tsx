import { Button, FileButton, Menu, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { FormError } from '../../../components/form-error.tsx'
import { DeleteIcon, PolicyIcon, PushIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast } from '../../../components/toast.ts'
import { RelativeTime } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { readVexFile } from './read-vex-file.ts'

type VexDocument = RowOf<'GET /system/vex'>

interface VexDocumentsProps {
  /** None: documents of the registry, for the reports of all projects. */
  readonly project?: string
  readonly mayChange: boolean
}

/** Statements about vulnerabilities that do not concern images, as files that somebody gave. */
export function VexDocuments({ project, mayChange }: VexDocumentsProps) {
  const t = useTranslations('vex')
  const client = useQueryClient()
  const params = { project_name_or_id: project ?? '' }
  const ofRegistry = useQuery({ ...query('GET /system/vex'), enabled: project === undefined })
  const ofProject = useQuery({
    ...query('GET /projects/{project_name_or_id}/vex', { params }),
    enabled: project !== undefined,
  })
  const { data, error } = project === undefined ? ofRegistry : ofProject
  const changed = async () => await invalidate(client, '/system/vex', '/projects')
  const add = useMutation({
    mutationFn: async (file: File) => {
      const document = readVexFile(await file.text())
      if (document === undefined) throw new Error(t('notJson', { name: file.name }))
      const body = { name: file.name, document }
      await (project === undefined
        ? call('POST /system/vex', { body })
        : call('POST /projects/{project_name_or_id}/vex', { params, body }))
    },
    onSuccess: async (_, { name }) => {
      toast(t('added', { name }))
      await changed()
    },
  })
  const askToDelete = ({ id, name }: VexDocument) =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await (project === undefined
          ? call('DELETE /system/vex/{vex_id}', { params: { vex_id: id } })
          : call('DELETE /projects/{project_name_or_id}/vex/{vex_id}', { params: { ...params, vex_id: id } }))
        await changed()
        toast(t('deleted', { name }))
      },
    })
  return (
    <Section
      flush
      title={t('title')}
      description={t(project === undefined ? 'registryText' : 'projectText')}
      actions={
        mayChange && (
          <FileButton accept="application/json,.json" onChange={(file) => file !== null && add.mutate(file)}>
            {(props) => (
              <Button variant="default" leftSection={<PushIcon size={15} />} loading={add.isPending} {...props}>
                {t('upload')}
              </Button>
            )}
          </FileButton>
        )
      }
    >
      {add.error !== null && <FormError error={add.error} />}
      <DocumentList rows={wholeList(data, error)} {...(mayChange ? { onDelete: askToDelete } : {})} />
    </Section>
  )
}

interface DocumentListProps {
  readonly rows: ReturnType<typeof wholeList<VexDocument>>
  onDelete?(document: VexDocument): void
}

function DocumentList({ rows, onDelete }: DocumentListProps) {
  const t = useTranslations('vex')
  const common = useTranslations('common')
  const format = useFormat()
  const columns: readonly Column<VexDocument>[] = [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(9rem, 1fr)',
      cell: ({ name, format: form }) => (
        <Stack gap={0} miw={0}>
          <Text fw={500} truncate title={name}>
            {name}
          </Text>
          <Text size="xs" c="dimmed">
            {form}
          </Text>
        </Stack>
      ),
    },
    { key: 'statements', header: t('statements'), width: '8rem', cell: ({ statements }) => format.count(statements) },
    { key: 'by', header: t('by'), width: '9rem', from: 'sm', cell: ({ username }) => username },
    {
      key: 'time',
      header: t('time'),
      width: '9rem',
      from: 'md',
      cell: ({ create_time: time }) => <RelativeTime time={time} />,
    },
  ]
  return (
    <DataList
      label={t('title')}
      rows={rows}
      columns={columns}
      keyOf={({ id }) => id}
      {...(onDelete === undefined
        ? {}
        : {
            actions: (document: VexDocument) => (
              <RowMenu name={document.name}>
                <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => onDelete(document)}>
                  {common('delete')}
                </Menu.Item>
              </RowMenu>
            ),
          })}
      empty={
        <EmptyFace icon={PolicyIcon} title={t('noneTitle')}>
          {t('noneText')}
        </EmptyFace>
      }
    />
  )
}
