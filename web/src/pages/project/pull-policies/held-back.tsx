import { Button, Group, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { call, type AnswerOf } from '../../../api/client.ts'
import { SuccessIcon } from '../../../components/icons.ts'
import { LinkAnchor } from '../../../components/links.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { Digest, StatusBadge } from '../../../components/values.tsx'
import { artifactAddress } from '../../../shell/addresses.ts'
import type { PolicyBody } from './policy-api.ts'
import { modeTones, useViolationText, type Violation } from './policy-words.ts'
import styles from './pull-policies.module.css'

const operation = 'POST /projects/{project_name_or_id}/policies/evaluate' as const
const everywhere = 'POST /system/policies/evaluate' as const

export type Held = AnswerOf<typeof operation>['held'][number]

/** A page judges a hundred artifacts: so many pages are asked for by themselves, the others by hand. */
const pagesAtOnce = 5

interface HeldBackProps {
  /** Undefined: all of them. */
  readonly project: string | undefined
  /** Judged alone; none: the policies that are set. */
  readonly draft?: PolicyBody | undefined
  readonly isOfRegistry?: boolean
  readonly onExempt?: ((artifact: Held, violation: Violation) => void) | undefined
}

/** What would be refused now, and why, judged by the code that judges a pull. */
export function HeldBack({ project, draft, isOfRegistry = false, onExempt }: HeldBackProps) {
  const t = useTranslations('pullPolicies.preview')
  const { data, error, refetch, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery({
    // Below `/projects`: it is asked again when policies and exemptions change.
    queryKey: [operation, project ?? null, draft ?? null, isOfRegistry] as const,
    queryFn: async ({ pageParam, signal }) => {
      const body = { after: pageParam, ...(draft === undefined ? {} : { draft }) }
      if (project === undefined) return await call(everywhere, { body, signal })
      const params = { project_name_or_id: project }
      return await call(operation, { params, body: { ...body, of_registry: isOfRegistry }, signal })
    },
    initialPageParam: 0,
    getNextPageParam: ({ next }) => next,
    // What is there changes with every push.
    gcTime: 0,
  })
  const pages = data?.pages ?? []
  const goesOn = hasNextPage && pages.length < pagesAtOnce
  useEffect(() => {
    if (goesOn && !isFetching) void fetchNextPage()
  }, [goesOn, isFetching, fetchNextPage])
  if (error !== null) return <ErrorFace error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <LoadingFace lines={2} />
  const held = pages.flatMap((page) => page.held)
  const judged = pages.reduce((sum, page) => sum + page.judged, 0)
  const refused = held.filter(({ violations }) => violations.some(({ mode }) => mode === 'enforce')).length
  return (
    <Stack gap="sm" aria-live="polite">
      <Group gap="xs" wrap="nowrap">
        {held.length === 0 && <SuccessIcon size={16} aria-hidden className={styles.good} />}
        <Text size="sm" fw={500}>
          {t(hasNextPage ? 'sumSoFar' : 'sum', { judged, refused, told: held.length - refused })}
        </Text>
      </Group>
      {held.length > 0 && (
        <ul className={styles.held} aria-label={t('title')}>
          {held.map((artifact) => (
            <HeldRow key={`${artifact.repository}@${artifact.digest}`} {...{ artifact, onExempt }} />
          ))}
        </ul>
      )}
      {hasNextPage && !goesOn && (
        <Button variant="default" loading={isFetching} onClick={() => void fetchNextPage()}>
          {t('more')}
        </Button>
      )}
    </Stack>
  )
}

interface HeldRowProps extends Pick<HeldBackProps, 'onExempt'> {
  readonly artifact: Held
}

function HeldRow({ artifact, onExempt }: HeldRowProps) {
  const { repository, digest, tags, violations } = artifact
  const t = useTranslations('pullPolicies')
  const textOf = useViolationText()
  const [tag] = tags
  const name = tag === undefined ? repository : `${repository}:${tag}`
  return (
    <li>
      <Group gap="xs">
        <LinkAnchor {...artifactAddress(repository, tag ?? digest)} fw={500} className={styles.name ?? ''}>
          {name}
        </LinkAnchor>
        {tag === undefined && <Digest digest={digest} copy={false} />}
        {tags.length > 1 && (
          <Text size="xs" c="dimmed">
            {t('preview.moreTags', { count: tags.length - 1 })}
          </Text>
        )}
      </Group>
      {violations.map((violation) => (
        <div key={violation.policy} className={styles.violation}>
          <StatusBadge tone={modeTones[violation.mode]}>{t(`outcomes.${violation.mode}`)}</StatusBadge>
          <Text size="sm" className={styles.why ?? ''} title={violation.message}>
            {t('says', { policy: violation.policy, why: textOf(violation) })}
          </Text>
          {onExempt !== undefined && (
            <Button variant="subtle" size="compact-xs" onClick={() => onExempt(artifact, violation)}>
              {t('exemptions.exempt')}
            </Button>
          )}
        </div>
      ))}
    </li>
  )
}
