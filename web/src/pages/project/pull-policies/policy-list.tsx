import { Button, Group, Menu, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { invalidate } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { AddIcon, CheckIcon, DeleteIcon, EditIcon, PolicyIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace, ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import { RelativeTime, StatusBadge } from '../../../components/values.tsx'
import { deletePolicy, policyPaths, savePolicy, usePolicies, type Policy, type PolicyPlace } from './policy-api.ts'
import { modes } from './policy-draft.ts'
import { PolicyForm } from './policy-form.tsx'
import { modeTones, useConditionText, useScopeText } from './policy-words.ts'
import styles from './pull-policies.module.css'

interface PolicyListProps {
  readonly project: PolicyPlace
  readonly mayChange: boolean
}

/** The policies of a project, or of the registry: a few, each as a sentence. */
export function PolicyList({ project, mayChange }: PolicyListProps) {
  const t = useTranslations('pullPolicies')
  const [edited, setEdited] = useState<Policy | 'new'>()
  const { data, error, refetch } = usePolicies(project)
  const addButton = mayChange && (
    <Button variant="default" leftSection={<AddIcon size={15} />} onClick={() => setEdited('new')}>
      {t('newPolicy')}
    </Button>
  )
  return (
    <Section
      title={t('policies')}
      description={t(project === undefined ? 'policiesHintRegistry' : 'policiesHint')}
      actions={addButton}
    >
      {error !== null ? (
        <ErrorFace error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <LoadingFace lines={2} />
      ) : data.length === 0 ? (
        <EmptyFace icon={PolicyIcon} title={t('noneTitle')}>
          {t('noneText')}
        </EmptyFace>
      ) : (
        <ul className={styles.policies} aria-label={t('policies')}>
          {data.map((policy) => (
            <PolicyRow key={policy.id} {...{ project, policy, mayChange }} onEdit={setEdited} />
          ))}
        </ul>
      )}
      {edited !== undefined && (
        <PolicyForm
          project={project}
          policy={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
        />
      )}
    </Section>
  )
}

interface PolicyRowProps extends PolicyListProps {
  readonly policy: Policy
  onEdit(policy: Policy): void
}

function PolicyRow({ project, policy, mayChange, onEdit }: PolicyRowProps) {
  const t = useTranslations('pullPolicies')
  const common = useTranslations('common')
  const client = useQueryClient()
  const conditionText = useConditionText()
  const scopeText = useScopeText()
  const { id, name, mode, condition, username, update_time: changed } = policy
  const setMode = useMutation({
    mutationFn: async (next: Policy['mode']) => {
      const { repositories, tags } = policy
      await savePolicy(project, id, { name, repositories, tags, condition, mode: next })
      await invalidate(client, ...policyPaths)
    },
    onSuccess: () => toast(common('saved')),
    onError: toastError,
  })
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name }),
      what: t('deleteWhat'),
      run: async () => {
        await deletePolicy(project, id)
        await invalidate(client, ...policyPaths)
        toast(t('deleted', { name }))
      },
    })
  return (
    <li className={styles.policy}>
      <div className={styles.policyText}>
        <Group gap="xs">
          <Text fw={600}>{name}</Text>
          <StatusBadge tone={modeTones[mode]}>{t(`modes.${mode}`)}</StatusBadge>
        </Group>
        <Text size="sm">{t('inWords', { scope: scopeText(policy), asks: conditionText(condition) })}</Text>
        <Text size="xs" c="dimmed" component="div">
          {t('writtenBy', { username })} <RelativeTime time={changed} />
        </Text>
      </div>
      {mayChange && (
        <RowMenu name={name}>
          <Menu.Item leftSection={<EditIcon size={15} />} onClick={() => onEdit(policy)}>
            {common('edit')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Label>{t('mode')}</Menu.Label>
          {modes.map((each) => (
            <Menu.Item
              key={each}
              leftSection={
                each === mode ? <CheckIcon size={15} /> : <span style={{ display: 'inline-block', width: 15 }} />
              }
              disabled={each === mode}
              onClick={() => setMode.mutate(each)}
            >
              {t(`modes.${each}`)}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={askToDelete}>
            {common('delete')}
          </Menu.Item>
        </RowMenu>
      )}
    </li>
  )
}
