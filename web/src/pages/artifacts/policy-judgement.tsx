import { Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../api/client.ts'
import { query } from '../../api/queries.ts'
import { useSession } from '../../api/session.ts'
import { Section } from '../../components/page.tsx'
import { RelativeTime, StatusBadge } from '../../components/values.tsx'
import { AskForExemption } from '../project/pull-policies/ask-for-exemption.tsx'
import { ExemptionForm, isHarborKey } from '../project/pull-policies/exemption-form.tsx'
import { useExemptText } from '../project/pull-policies/exemption-list.tsx'
import { modeTones, useViolationText } from '../project/pull-policies/policy-words.ts'
import { HeldActions, HeldFacts } from '../project/pull-policies/quarantine/held-list.tsx'
import styles from '../project/pull-policies/pull-policies.module.css'
import { paramsOf, type ArtifactPartProps } from './artifact-part.ts'

type Judgement = AnswerOf<'GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/policies'>
type Opinion = Judgement['policies'][number]

/** What each policy says of the artifact, and the way to an exemption. Nothing where no policy has a word. */
export function PolicyJudgement({ place, artifact, can }: Pick<ArtifactPartProps, 'place' | 'artifact' | 'can'>) {
  const t = useTranslations('pullPolicies.judgement')
  const { user, open } = useSession()
  const [exempted, setExempted] = useState<Opinion>()
  const { data } = useQuery({
    ...query('GET /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/policies', {
      params: paramsOf(place, artifact),
    }),
    enabled: (user !== undefined || open) && can('configuration', 'read'),
  })
  if (data === undefined || (data.policies.length === 0 && data.quarantine === undefined)) return null
  const violated = data.policies.filter(({ violation }) => violation !== undefined)
  const isRefused = data.quarantine !== undefined || violated.some(({ mode }) => mode === 'enforce')
  const initial = (policy: string) => ({ policy, digest: artifact.digest, repositories: place.repository })
  return (
    <Section title={t('title')} description={t(isRefused ? 'refused' : violated.length > 0 ? 'told' : 'passes')}>
      {data.quarantine !== undefined && <HeldHere held={data.quarantine} {...{ place, can }} />}
      <ul className={styles.policies} aria-label={t('title')}>
        {data.policies.map((opinion) => (
          <OpinionRow key={`${opinion.owner} ${opinion.policy}`} {...{ opinion, can }} onExempt={setExempted} />
        ))}
      </ul>
      <Exemptions exemptions={data.exemptions} />
      {exempted !== undefined &&
        (can('configuration', 'update') ? (
          <ExemptionForm
            project={place.projectName}
            initial={initial(exempted.policy)}
            onClose={() => setExempted(undefined)}
          />
        ) : (
          <AskForExemption
            projectName={place.projectName}
            wish={initial(exempted.policy)}
            onClose={() => setExempted(undefined)}
          />
        ))}
    </Section>
  )
}

interface HeldHereProps extends Pick<ArtifactPartProps, 'place' | 'can'> {
  readonly held: NonNullable<Judgement['quarantine']>
}

/** It waits since its push. Those with the right decide here. */
function HeldHere({ held, place, can }: HeldHereProps) {
  const t = useTranslations('quarantine')
  const [tag] = held.tags
  return (
    <div className={styles.waiting}>
      <Group gap="xs">
        <StatusBadge tone="warn">{t('held')}</StatusBadge>
        <Text size="sm">{t('heldHint')}</Text>
      </Group>
      <HeldFacts held={held} />
      <HeldActions
        {...{ held, can }}
        project={place.projectName}
        name={tag === undefined ? held.repository : `${held.repository}:${tag}`}
      />
    </div>
  )
}

interface OpinionRowProps extends Pick<ArtifactPartProps, 'can'> {
  readonly opinion: Opinion
  onExempt(opinion: Opinion): void
}

function OpinionRow({ opinion, can, onExempt }: OpinionRowProps) {
  const t = useTranslations('pullPolicies')
  const textOf = useViolationText()
  const { policy, owner, mode, violation } = opinion
  const name = isHarborKey(policy) ? t(`harbor.${policy}`) : policy
  return (
    <li className={styles.policy}>
      <div className={styles.policyText}>
        <Group gap="xs">
          <StatusBadge tone={violation === undefined ? 'good' : modeTones[mode]}>
            {violation === undefined ? t('judgement.lets') : t(`outcomes.${mode}`)}
          </StatusBadge>
          <Text fw={500}>{name}</Text>
          {owner === 'registry' && (
            <Text size="xs" c="dimmed">
              {t('judgement.ofRegistry')}
            </Text>
          )}
        </Group>
        {violation !== undefined && (
          <Text size="sm" mt={4} title={violation.message}>
            {textOf(violation)}
          </Text>
        )}
      </div>
      {violation !== undefined && owner !== 'registry' && (
        <Button variant="default" size="xs" onClick={() => onExempt(opinion)}>
          {t(can('configuration', 'update') ? 'exemptions.exempt' : 'ask.open')}
        </Button>
      )}
    </li>
  )
}

function Exemptions({ exemptions }: Pick<Judgement, 'exemptions'>) {
  const t = useTranslations('pullPolicies.judgement')
  const whatText = useExemptText()
  if (exemptions.length === 0) return null
  return (
    <>
      <Text size="sm" fw={500} mt="md">
        {t('exempt')}
      </Text>
      {exemptions.map((exemption) => (
        <Text key={exemption.id} size="sm" component="div" className={styles.name ?? ''}>
          {t.rich('exemptUntil', {
            what: whatText(exemption),
            reason: exemption.reason,
            username: exemption.username,
            time: () => <RelativeTime time={exemption.expires_at} />,
          })}
        </Text>
      ))}
    </>
  )
}
