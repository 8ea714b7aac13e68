import { SegmentedControl, SimpleGrid } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../api/client.ts'
import { query } from '../../api/queries.ts'
import { unattended, useSession } from '../../api/session.ts'
import { LinkButton } from '../../components/links.tsx'
import { PushIcon } from '../../components/icons.ts'
import { Page } from '../../components/page.tsx'
import { StatTile } from '../../components/stat-tile.tsx'
import { Count, Size } from '../../components/values.tsx'
import { useFormat } from '../../i18n/format.ts'
import { ActivityCard, StorageCard } from './activity-cards.tsx'
import { AttentionCard } from './attention-card.tsx'
import { BusyRepositories } from './busy-repositories.tsx'
import styles from './home-page.module.css'
import { rangeOf, ranges, type RangeName } from './ranges.ts'

export type ActivityPoint = AnswerOf<'GET /statistics/activity'>['points'][number]

const everyMinute = { refetchInterval: 60_000 }

export function HomePage() {
  const t = useTranslations('home')
  const { user, isAdministrator, system } = useSession()
  const [range, setRange] = useState<RangeName>('week')
  const activity = useQuery({
    ...query('GET /statistics/activity', { query: rangeOf(range), ...unattended }),
    ...everyMinute,
    // What was there stays while another range is on its way.
    placeholderData: (before) => before,
  })
  const points = activity.data?.points
  return (
    <Page
      title={user === undefined ? t('title') : t('greeting', { name: user.realname || user.username })}
      name={t('title')}
      description={t('description', { host: system.registry_url ?? window.location.host })}
      guide="home"
      actions={
        <LinkButton to="/first-image" variant="default" leftSection={<PushIcon size={16} />}>
          {t('pushImage')}
        </LinkButton>
      }
    >
      <AttentionCard />
      <Tiles points={points} />
      <div className={styles.range}>
        <SegmentedControl
          size="xs"
          aria-label={t('range')}
          value={range}
          onChange={(value) => setRange(value as RangeName)}
          data={ranges.map((name) => ({ value: name, label: t(`ranges.${name}`) }))}
        />
      </div>
      <div className={styles.cards} data-two={isAdministrator || undefined}>
        <ActivityCard points={points} error={activity.error} />
        {isAdministrator && <StorageCard points={points} error={activity.error} />}
      </div>
      <BusyRepositories />
    </Page>
  )
}

function Tiles({ points }: { readonly points: readonly ActivityPoint[] | undefined }) {
  const t = useTranslations('home')
  const format = useFormat()
  const { isAdministrator } = useSession()
  const { data } = useQuery({ ...query('GET /statistics', unattended), ...everyMinute })
  const sum = (what: 'pulls' | 'pushes') => points?.reduce((total, point) => total + point[what], 0)
  const count = (value: number | undefined) => (value === undefined ? undefined : <Count value={value} />)
  const physical = data?.total_storage_consumption
  const logical = points?.findLast(({ logical_bytes: bytes }) => bytes !== undefined)?.logical_bytes
  const saved = physical !== undefined && logical !== undefined && logical > physical ? 1 - physical / logical : 0
  return (
    <SimpleGrid cols={{ base: 2, md: isAdministrator ? 5 : 4 }} spacing="sm">
      <StatTile label={t('projects')} value={count(data && data.public_project_count + data.private_project_count)} />
      <StatTile label={t('repositories')} value={count(data && data.public_repo_count + data.private_repo_count)} />
      <StatTile label={t('pulls')} value={count(sum('pulls'))} />
      <StatTile label={t('pushes')} value={count(sum('pushes'))} />
      {isAdministrator && (
        <StatTile
          label={t('storage')}
          value={physical === undefined ? undefined : <Size bytes={physical} />}
          hint={saved > 0.005 ? t('saved', { share: format.percent(saved) }) : undefined}
        />
      )}
    </SimpleGrid>
  )
}
