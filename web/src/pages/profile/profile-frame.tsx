import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { useSession, type CurrentUser } from '../../api/session.ts'
import { ProfileIcon, TokenIcon } from '../../components/icons.ts'
import { Page } from '../../components/page.tsx'
import { TabLinks } from '../../components/tab-links.tsx'

interface ProfileFrameProps {
  readonly tab: 'account' | 'tokens'
  readonly actions?: ReactNode
  children(user: CurrentUser): ReactNode
}

/** Around the pages about who is here. */
export function ProfileFrame({ tab, actions, children }: ProfileFrameProps) {
  const t = useTranslations('profile')
  const { user } = useSession()
  const tabs = [
    { key: 'account', label: t('account'), to: '/profile', icon: ProfileIcon },
    { key: 'tokens', label: t('tokens'), to: '/profile/tokens', icon: TokenIcon },
  ]
  return (
    <Page
      title={t('title')}
      name={tab === 'tokens' ? t('token.title') : t('title')}
      description={t(`explanations.${tab}`)}
      guide={tab === 'tokens' ? 'tokens' : 'profile'}
      actions={user !== undefined && actions}
    >
      {user === undefined ? (
        <Text c="dimmed">{t('open')}</Text>
      ) : (
        <>
          <TabLinks label={t('tabsLabel')} tabs={tabs} here={tab} />
          {children(user)}
        </>
      )}
    </Page>
  )
}
