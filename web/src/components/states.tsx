import { Button, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useState, type ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, reasonOf, troubleOf } from '../api/api-error.ts'
import { sessionQuery, type Session } from '../api/session.ts'
import { HelpLink } from './guide-link.tsx'
import { ErrorIcon, ForbiddenIcon, UnknownIcon, type Icon } from './icons.ts'
import styles from './states.module.css'

interface FaceProps {
  readonly icon: Icon
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}

/** What a page shows in place of content: nothing yet, nothing found, not for you. */
export function Face({ icon: FaceIcon, title, children, action }: FaceProps) {
  return (
    <Stack align="center" gap="xs" className={styles.face}>
      <span className={styles.icon}>
        <FaceIcon size={24} strokeWidth={1.6} aria-hidden />
      </span>
      <Title order={2}>{title}</Title>
      {children !== undefined && (
        <Text c="dimmed" ta="center" maw="34rem" component="div">
          {children}
        </Text>
      )}
      {action !== undefined && <div className={styles.action}>{action}</div>}
    </Stack>
  )
}

export const EmptyFace = Face

export function NotFoundFace({ action }: { readonly action?: ReactNode }) {
  const t = useTranslations('common')
  return (
    <Face icon={UnknownIcon} title={t('notFoundTitle')} action={action}>
      {t('notFoundText')}
    </Face>
  )
}

export function ForbiddenFace({ action }: { readonly action?: ReactNode }) {
  const t = useTranslations('common')
  return (
    <Face icon={ForbiddenIcon} title={t('forbiddenTitle')} action={action}>
      {t('forbiddenText')}
    </Face>
  )
}

/** The face of whatever went wrong: a 404 and a 403 have their own. */
export function ErrorFace({
  error,
  onRetry,
}: {
  readonly error: unknown
  readonly onRetry?: (() => void) | undefined
}) {
  const t = useTranslations('common')
  const client = useQueryClient()
  // As it was when the error came: a session that ends later has its own way to the sign-in page (app.tsx).
  const [isStranger] = useState(() => client.getQueryData<Session>(sessionQuery.queryKey)?.user === undefined)
  const trouble = troubleOf(error)
  if (trouble === 'signedOut' && isStranger) return <SignInFirst />
  if (trouble === 'notFound') return <NotFoundFace />
  if (trouble === 'forbidden') return <ForbiddenFace />
  const again =
    onRetry === undefined ? undefined : (
      <Button variant="default" onClick={onRetry}>
        {t('retry')}
      </Button>
    )
  return (
    <Face icon={ErrorIcon} title={t('errorTitle')} action={again}>
      <ErrorText error={error} /> <HelpLink error={error} />
    </Face>
  )
}

/** Leads a reader without a session to the sign-in page, and from there back here. */
function SignInFirst() {
  const router = useRouter()
  useEffect(() => {
    const { pathname, href } = router.latestLocation
    if (pathname !== '/sign-in')
      void router.navigate({ to: '/sign-in' as string, search: { next: href } as never, replace: true })
  }, [router])
  return <LoadingFace />
}

/** What went wrong, in the reader's language; where that says little, with the registry's own words behind it. */
export function ErrorText({ error }: { readonly error: unknown }) {
  const t = useTranslations('errors')
  const reason = reasonOf(error)
  const requestId = error instanceof ApiError ? error.requestId : undefined
  // A sentence of our own says all of it; the registry's words are English.
  const said = reason === undefined && error instanceof Error ? error.message : ''
  return (
    <>
      <span>{t(reason === undefined ? troubleOf(error) : `reasons.${reason}`)}</span>
      {said !== '' && <span className={styles.said}>{t('said', { message: said })}</span>}
      {requestId !== undefined && <span className={styles.said}>{t('requestId', { id: requestId })}</span>}
    </>
  )
}

/** While something comes: lines where it will stand. Tells it to a screen reader too. */
export function LoadingFace({ lines = 6 }: { readonly lines?: number }) {
  const t = useTranslations('common')
  return (
    <Stack gap="sm" role="status" aria-label={t('loading')} className={styles.loading}>
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index} height={18} radius="sm" width={`${92 - ((index * 17) % 40)}%`} />
      ))}
    </Stack>
  )
}
