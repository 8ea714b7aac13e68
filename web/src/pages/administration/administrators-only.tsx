import { Outlet } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { useSession } from '../../api/session.ts'
import { Page } from '../../components/page.tsx'
import { ForbiddenFace } from '../../components/states.tsx'

/** The server refuses others anyway; here they read why. */
export function AdministratorsOnly() {
  const t = useTranslations('navigation')
  const { isAdministrator, duties } = useSession()
  if (isAdministrator || duties.length > 0) return <Outlet />
  return (
    <Page title={t('administration')}>
      <ForbiddenFace />
    </Page>
  )
}
