import { Button, Code, Stack } from '@mantine/core'
import type { ErrorComponentProps } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { ApiError } from '../api/api-error.ts'
import { ErrorIcon } from '../components/icons.ts'
import { LinkButton } from '../components/links.tsx'
import { ErrorFace, Face, NotFoundFace } from '../components/states.tsx'

export function MissingPage() {
  const t = useTranslations('common')
  return <NotFoundFace action={<LinkButton to="/">{t('goHome')}</LinkButton>} />
}

/** A fault of the console, or a registry that does not answer when a page needs it. */
export function CrashPage({ error, reset }: ErrorComponentProps) {
  const t = useTranslations('common')
  if (error instanceof ApiError) return <ErrorFace error={error} onRetry={reset} />
  return (
    <Face
      icon={ErrorIcon}
      title={t('crashTitle')}
      action={<Button onClick={() => window.location.reload()}>{t('reload')}</Button>}
    >
      <Stack gap="sm">
        {t('crashText')}
        <Code block>{error instanceof Error ? (error.stack ?? error.message) : String(error)}</Code>
      </Stack>
    </Face>
  )
}
