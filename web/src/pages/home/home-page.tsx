import { SimpleGrid } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { Page } from '../../components/page.tsx'
import { StatTile } from '../../components/stat-tile.tsx'
import { Count, Size } from '../../components/values.tsx'

export function HomePage() {
  const t = useTranslations('home')
  const { user, isAdministrator } = useSession()
  const { data } = useQuery(query('GET /statistics'))
  const projects = data && data.public_project_count + data.private_project_count
  const repositories = data && data.public_repo_count + data.private_repo_count
  return (
    <Page title={user === undefined ? t('title') : t('greeting', { name: user.realname || user.username })}>
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
        <StatTile label={t('projects')} value={projects === undefined ? undefined : <Count value={projects} />} />
        <StatTile
          label={t('repositories')}
          value={repositories === undefined ? undefined : <Count value={repositories} />}
        />
        {isAdministrator && (
          <StatTile label={t('storage')} value={data && <Size bytes={data.total_storage_consumption} />} />
        )}
      </SimpleGrid>
    </Page>
  )
}
