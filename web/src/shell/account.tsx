import { lazy, Suspense, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useSession } from '../api/session.ts'
import { SignInIcon } from '../components/icons.ts'
import { LinkButton } from '../components/links.tsx'
import { AccountFace } from './account-face.tsx'

const menu = async () => await import('./later.ts')
const AccountMenu = lazy(async () => ({ default: (await menu()).AccountMenu }))

/** Who is here: a menu, which comes when it is wanted; or the way to sign in. */
export function Account() {
  const t = useTranslations('shell')
  const { user, open } = useSession()
  const [wanted, setWanted] = useState(false)
  if (user === undefined) {
    if (open) return null
    return (
      <LinkButton to="/sign-in" size="compact-md" leftSection={<SignInIcon size={15} />}>
        {t('signIn')}
      </LinkButton>
    )
  }
  const prefetch = () => void menu()
  const face = (
    <AccountFace name={user.username} onPointerEnter={prefetch} onFocus={prefetch} onClick={() => setWanted(true)} />
  )
  return wanted ? (
    <Suspense fallback={face}>
      <AccountMenu />
    </Suspense>
  ) : (
    face
  )
}
