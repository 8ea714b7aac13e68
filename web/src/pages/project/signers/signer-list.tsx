import { Button, Menu, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { AddIcon, DeleteIcon, PolicyIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast } from '../../../components/toast.ts'
import { RelativeTime } from '../../../components/values.tsx'
import { SignerForm } from './signer-form.tsx'

type Signer = RowOf<'GET /signers'>

interface SignerListProps {
  /** None: signers of the registry. */
  readonly project?: string
  readonly mayChange: boolean
}

/** Whose signatures count: in a project, with those of the registry, or in every project. */
export function SignerList({ project, mayChange }: SignerListProps) {
  const t = useTranslations('signatures')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [isAdding, setAdding] = useState(false)
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
  const { data, error } = project === undefined ? ofRegistry : ofProject
  const askToDelete = ({ id, name }: Signer) =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await (project === undefined
          ? call('DELETE /signers/{signer_id}', { params: { signer_id: id } })
          : call('DELETE /projects/{project_name_or_id}/signers/{signer_id}', {
              params: { project_name_or_id: project, signer_id: id },
            }))
        await invalidate(client, '/signers', '/projects')
        toast(t('deleted', { name }))
      },
    })
  const isOwn = ({ scope }: Signer) => (project === undefined ? 'registry' : 'project') === scope
  const columns: readonly Column<Signer>[] = [
    {
      key: 'name',
      header: t('name'),
      width: 'minmax(9rem, 1fr)',
      cell: ({ name, kind }) => (
        <Stack gap={0} miw={0}>
          <Text fw={500} truncate>
            {name}
          </Text>
          <Text size="xs" c="dimmed">
            {t(`kinds.${kind}`)}
          </Text>
        </Stack>
      ),
    },
    {
      key: 'knownBy',
      header: t('knownBy'),
      width: 'minmax(0, 2fr)',
      cell: ({ description }) => (
        <Text size="sm" truncate title={description}>
          {description}
        </Text>
      ),
    },
    ...(project === undefined
      ? []
      : [
          {
            key: 'scope',
            header: t('scope'),
            width: '9rem',
            from: 'sm',
            cell: ({ scope }: Signer) => t(`scopes.${scope}`),
          } as const,
        ]),
    {
      key: 'ends',
      header: t('ends'),
      width: '9rem',
      from: 'md',
      cell: ({ expires_at: end }) => end !== undefined && <RelativeTime time={end} />,
    },
  ]
  const addButton = mayChange && (
    <Button variant="default" leftSection={<AddIcon size={15} />} onClick={() => setAdding(true)}>
      {t('new')}
    </Button>
  )
  return (
    <Section
      flush
      {...(project === undefined ? {} : { title: t('titleOfProject'), description: t('explanation') })}
      actions={addButton}
    >
      <DataList
        label={t('title')}
        rows={wholeList(data, error)}
        columns={columns}
        keyOf={({ id }) => id}
        {...(mayChange
          ? {
              actions: (signer: Signer) =>
                isOwn(signer) && (
                  <RowMenu name={signer.name}>
                    <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => askToDelete(signer)}>
                      {common('delete')}
                    </Menu.Item>
                  </RowMenu>
                ),
            }
          : {})}
        empty={
          <EmptyFace icon={PolicyIcon} title={t('noneTitle')}>
            {t('noneText')}
          </EmptyFace>
        }
      />
      {isAdding && <SignerForm {...(project === undefined ? {} : { project })} onClose={() => setAdding(false)} />}
    </Section>
  )
}
