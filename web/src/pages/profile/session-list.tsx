import { Button, Menu } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../api/client.ts'
import { invalidate, query } from '../../api/queries.ts'
import { DataList, wholeList, type Column } from '../../components/data-list.tsx'
import { ProfileIcon, SignOutIcon } from '../../components/icons.ts'
import { Section } from '../../components/page.tsx'
import { RowMenu } from '../../components/row-menu.tsx'
import { EmptyFace } from '../../components/states.tsx'
import { toast, toastError } from '../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../components/values.tsx'

type Session = RowOf<'GET /users/current/sessions'>

const path = '/users/current/sessions'

export function SessionList() {
  const t = useTranslations('profile.sessions')
  const { data: sessions, error } = useQuery(query('GET /users/current/sessions'))
  const client = useQueryClient()
  const end = useMutation({
    mutationFn: async (ended: readonly Session[]) => {
      for (const { id } of ended)
        await call('DELETE /users/current/sessions/{session_id}', { params: { session_id: id } })
    },
    onSuccess: () => toast(t('ended')),
    onError: toastError,
    onSettled: async () => await invalidate(client, path),
  })
  const others = sessions?.filter(({ current }) => !current) ?? []
  const columns: readonly Column<Session>[] = [
    {
      key: 'browser',
      header: t('browser'),
      width: 'minmax(7rem, 1fr)',
      cell: ({ current }) => (current ? <StatusBadge tone="accent">{t('here')}</StatusBadge> : t('another')),
    },
    {
      key: 'since',
      header: t('since'),
      width: 'minmax(6rem, 1fr)',
      cell: ({ creation_time: time }) => <RelativeTime time={time} />,
    },
    {
      key: 'until',
      header: t('until'),
      width: '12rem',
      from: 'sm',
      cell: ({ expires_at: time }) => <RelativeTime time={time} />,
    },
  ]
  return (
    <Section
      flush
      title={t('title')}
      description={t('hint')}
      actions={
        others.length > 1 && (
          <Button
            variant="default"
            leftSection={<SignOutIcon size={15} />}
            loading={end.isPending}
            onClick={() => end.mutate(others)}
          >
            {t('endOthers')}
          </Button>
        )
      }
    >
      <DataList
        label={t('title')}
        rows={wholeList(sessions, error)}
        columns={columns}
        keyOf={({ id }) => id}
        actions={(session) =>
          session.current ? null : (
            <RowMenu name={t('another')}>
              <Menu.Item leftSection={<SignOutIcon size={15} />} onClick={() => end.mutate([session])}>
                {t('end')}
              </Menu.Item>
            </RowMenu>
          )
        }
        empty={<EmptyFace icon={ProfileIcon} title={t('none')} />}
      />
    </Section>
  )
}
