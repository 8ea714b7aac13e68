import { Button, Group, Menu, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../api/client.ts'
import { usePagedRows } from '../../api/paged-rows.ts'
import { invalidate } from '../../api/queries.ts'
import type { Bulk } from '../../components/bulk.ts'
import { confirmDestruction } from '../../components/confirm.ts'
import { DataList, type Column } from '../../components/data-list.tsx'
import { AddIcon, DeleteIcon, LogIcon, PrivateIcon, TagIcon } from '../../components/icons.ts'
import { Section } from '../../components/page.tsx'
import { RowMenu } from '../../components/row-menu.tsx'
import { EmptyFace } from '../../components/states.tsx'
import { toast } from '../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../components/values.tsx'
import { AddTag } from './add-tag.tsx'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'
import { deleteTag, restoreMany } from './delete-artifact.ts'
import { TagHistory } from './tag-history.tsx'

const list = 'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/tags' as const
type Tag = RowOf<typeof list>

/** The names of an artifact; each with what it named before. */
export function TagList({ place, artifact, can }: ArtifactPartProps) {
  const t = useTranslations('artifacts')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [adding, form] = useDisclosure()
  const [history, setHistory] = useState<string>()
  const rows = usePagedRows(list, { params: paramsOf(place, artifact), query: { with_immutable_status: 'true' } })
  const mayDelete = can('tag', 'delete')
  const askToDelete = (tag: string) =>
    confirmDestruction({
      title: t('deleteTagTitle', { tag }),
      what: t('deleteTagWhat', { tag }),
      final: false,
      run: async () => {
        const restore = await deleteTag(client, place, artifact.digest, tag)
        toast(t('tagDeleted', { tag }), { run: restore })
      },
    })
  const { project_name, repository_name } = paramsOf(place, artifact)
  const bulk: Bulk<Tag> = {
    of: artifact.digest,
    nameOf: ({ name }) => name,
    canChoose: ({ immutable }) => !immutable,
    actions: mayDelete
      ? [
          {
            key: 'delete',
            label: common('delete'),
            icon: DeleteIcon,
            danger: true,
            title: (count) => t('bulk.deleteTagsTitle', { count }),
            what: t('bulk.deleteTagsWhat'),
            itemOf: ({ name }) => name,
            send: async (items) =>
              await call('POST /projects/{project_name}/repositories/{repository_name}/batch/delete-tags', {
                params: { project_name, repository_name },
                body: { items: items.map(String) },
              }),
            after: async (of) => await invalidate(of, '/projects'),
            done: (count) => t('bulk.tagsDeleted', { count }),
            undo: async (of, items) =>
              await restoreMany(of, place, items, ({ kind, tags }) => (kind === 'tag' ? tags[0]?.name : undefined)),
          },
        ]
      : [],
  }
  const columns: readonly Column<Tag>[] = [
    {
      key: 'name',
      header: t('tag'),
      width: 'minmax(10rem, 2fr)',
      cell: ({ name, immutable }) => (
        <Group gap="xs" wrap="nowrap">
          <Text fw={500} truncate>
            {name}
          </Text>
          {immutable && (
            <StatusBadge tone="neutral" icon={<PrivateIcon size={11} />}>
              {t('immutable')}
            </StatusBadge>
          )}
        </Group>
      ),
    },
    {
      key: 'pushed',
      header: t('pushed'),
      width: '9rem',
      from: 'sm',
      cell: ({ push_time }) => <RelativeTime time={push_time} />,
    },
    {
      key: 'pulled',
      header: t('pulled'),
      width: '9rem',
      from: 'sm',
      cell: ({ pull_time }) => <RelativeTime time={pull_time} />,
    },
  ]
  return (
    <Section
      flush
      actions={
        can('tag', 'create') && (
          <Button variant="default" size="xs" leftSection={<AddIcon size={14} />} onClick={form.open}>
            {t('addTag')}
          </Button>
        )
      }
    >
      <DataList
        label={t('tags')}
        rows={rows}
        columns={columns}
        keyOf={({ id }) => id}
        bulk={bulk}
        actions={({ name, immutable }) => (
          <RowMenu name={name}>
            <Menu.Item leftSection={<LogIcon size={15} />} onClick={() => setHistory(name)}>
              {t('tagHistory')}
            </Menu.Item>
            {mayDelete && !immutable && (
              <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => askToDelete(name)}>
                {common('delete')}
              </Menu.Item>
            )}
          </RowMenu>
        )}
        empty={
          <EmptyFace icon={TagIcon} title={t('noTags')}>
            {t('noTagsText')}
          </EmptyFace>
        }
      />
      {adding && <AddTag place={place} digest={artifact.digest} onClose={form.close} />}
      {history !== undefined && <TagHistory place={place} tag={history} onClose={() => setHistory(undefined)} />}
    </Section>
  )
}
