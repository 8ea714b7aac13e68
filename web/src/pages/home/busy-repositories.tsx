import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { query } from '../../api/queries.ts'
import { PushIcon } from '../../components/icons.ts'
import { LinkAnchor, LinkButton } from '../../components/links.tsx'
import { Section } from '../../components/page.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../components/states.tsx'
import { Count } from '../../components/values.tsx'
import { repositoryAddress } from '../../shell/addresses.ts'
import styles from './home-page.module.css'

const shown = 6

export function BusyRepositories() {
  const t = useTranslations('home')
  const { data, error, refetch } = useQuery(
    query('GET /repositories', { query: { sort: '-pull_count', page_size: shown } }),
  )
  const most = Math.max(1, ...(data ?? []).map(({ pull_count: pulls }) => pulls ?? 0))
  return (
    <Section title={t('busiest')}>
      {error !== null ? (
        <ErrorFace error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <LoadingFace lines={shown} />
      ) : data.length === 0 ? (
        <EmptyFace
          icon={PushIcon}
          title={t('noImagesTitle')}
          action={<LinkButton to="/first-image">{t('pushImage')}</LinkButton>}
        >
          {t('noImagesText')}
        </EmptyFace>
      ) : (
        <ul className={styles.bars}>
          {data.map(({ name = '', pull_count: pulls = 0 }) => (
            <li key={name} className={styles.bar}>
              <LinkAnchor {...repositoryAddress(name)}>{name}</LinkAnchor>
              <Count value={pulls} />
              <div className={styles.track}>
                <div className={styles.fill} style={{ width: `${(100 * pulls) / most}%` }} />
              </div>
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
