import { Button, Group, Switch, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { CloseIcon, SuccessIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { Digest, RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import styles from './policies.module.css'
import { bodyOf, type RetentionDraft } from './retention-policy.ts'
import { useReason, type PreviewItem } from './rule-text.ts'

interface RetentionPreviewProps {
  readonly project: { readonly name: string; readonly project_id: number }
  readonly draft: RetentionDraft
  onClose(): void
}

/** A page of the preview may look at much and tell little: so many are asked for at once, then by hand. */
const pagesAtOnce = 5

/** Exactly what a policy would remove and keep, and why, before it is saved. */
export function RetentionPreview({ project, draft, onClose }: RetentionPreviewProps) {
  const t = useTranslations('policies')
  const format = useFormat()
  const [removedOnly, setRemovedOnly] = useState(true)
  const reasonOf = useReason(draft.rules)
  const preview = useInfiniteQuery({
    queryKey: ['retention-preview', project.name, draft.rules, draft.mode, removedOnly] as const,
    queryFn: async ({ pageParam, signal }) =>
      await call('POST /projects/{project_name_or_id}/retention/preview', {
        params: { project_name_or_id: project.name },
        query: { removed_only: String(removedOnly), page_size: 200, next: pageParam },
        body: bodyOf(draft, project.project_id),
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    // What is there changes with every push.
    staleTime: 0,
    gcTime: 0,
  })
  const { data, error, hasNextPage, isFetching, fetchNextPage } = preview
  const pages = data?.pages ?? []
  const items = pages.flatMap((page) => page.items)
  const isEmptySoFar = items.length === 0 && hasNextPage && pages.length < pagesAtOnce
  useEffect(() => {
    if (isEmptySoFar && !isFetching) void fetchNextPage()
  }, [isEmptySoFar, isFetching, fetchNextPage])
  const sum = (of: 'total' | 'retained') => pages.reduce((count, page) => count + page.examined[of], 0)
  const columns: readonly Column<PreviewItem>[] = [
    {
      key: 'what',
      header: t('preview.what'),
      width: 'minmax(0, 1fr)',
      cell: (item) => <Named item={item} />,
    },
    { key: 'fate', header: t('preview.fate'), width: '6.5rem', cell: (item) => <Fate item={item} /> },
    {
      key: 'why',
      header: t('preview.why'),
      width: 'minmax(0, 2fr)',
      from: 'md',
      cell: (item) => (
        <Text size="sm" lineClamp={2} className={styles.reason ?? ''} title={reasonOf(item)}>
          {reasonOf(item)}
        </Text>
      ),
    },
    {
      key: 'pushed',
      header: t('preview.pushed'),
      width: '8rem',
      from: 'lg',
      cell: ({ push_time }) => <RelativeTime time={push_time} />,
    },
    {
      key: 'pulled',
      header: t('preview.pulled'),
      width: '8rem',
      from: 'lg',
      cell: ({ pull_time }) => <RelativeTime time={pull_time} />,
    },
  ]
  return (
    <Section
      flush
      title={t('preview.title')}
      description={
        data === undefined
          ? t('preview.explanation')
          : t(hasNextPage ? 'preview.sumSoFar' : 'preview.sum', {
              total: sum('total'),
              removed: sum('total') - sum('retained'),
              kept: sum('retained'),
            })
      }
      actions={
        <Group gap="md">
          <Switch
            label={t('preview.removedOnly')}
            checked={removedOnly}
            onChange={(event) => setRemovedOnly(event.currentTarget.checked)}
          />
          <Button
            variant="subtle"
            color="gray"
            size="compact-md"
            leftSection={<CloseIcon size={14} />}
            onClick={onClose}
          >
            {t('preview.close')}
          </Button>
        </Group>
      }
    >
      <DataList
        label={t('preview.title')}
        rows={{
          ...wholeList(data === undefined || isEmptySoFar ? undefined : items, error),
          retry: () => void preview.refetch(),
        }}
        columns={columns}
        keyOf={({ repository, digest, tag = '' }) => `${repository} ${digest} ${tag}`}
        below={(item) => (
          <Text size="xs" c="dimmed" truncate title={reasonOf(item)}>
            {reasonOf(item)}
          </Text>
        )}
        empty={
          <EmptyFace icon={SuccessIcon} title={t(removedOnly ? 'preview.nothingGoes' : 'preview.nothing')}>
            {t(hasNextPage ? 'preview.soFarText' : 'preview.nothingText')}
          </EmptyFace>
        }
      />
      {hasNextPage && !isEmptySoFar && (
        <Group justify="center" p="md">
          <Button variant="default" loading={isFetching} onClick={() => void fetchNextPage()}>
            {t('preview.more', { count: format.count(sum('total')) })}
          </Button>
        </Group>
      )}
    </Section>
  )
}

function Named({ item: { repository, tag, digest } }: { readonly item: PreviewItem }) {
  const name = tag === undefined ? repository : `${repository}:${tag}`
  return (
    <div>
      <Text fw={500} truncate title={name}>
        {name}
      </Text>
      {tag === undefined && <Digest digest={digest} copy={false} />}
    </div>
  )
}

function Fate({ item: { retained, immutable_tag: immutable } }: { readonly item: PreviewItem }) {
  const t = useTranslations('policies.preview')
  if (!retained) return <StatusBadge tone="bad">{t('goes')}</StatusBadge>
  return <StatusBadge tone={immutable === undefined ? 'good' : 'accent'}>{t('stays')}</StatusBadge>
}
