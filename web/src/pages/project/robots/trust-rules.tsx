import { ActionIcon, Button, Code, Group, Modal, Paper, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call, type RowOf } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { FormError } from '../../../components/form-error.tsx'
import { DeleteIcon } from '../../../components/icons.ts'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { toast, toastError } from '../../../components/toast.ts'
import type { Robot } from './robots-page.tsx'

type TrustRule = RowOf<'GET /robots/{robot_id}/trust-rules'>

interface TrustRulesProps {
  readonly robot: Robot
  readonly mayChange: boolean
  onClose(): void
}

/** Whose tokens stand for the secret of a robot: pipelines and clusters then keep no secret. */
export function TrustRules({ robot, mayChange, onClose }: TrustRulesProps) {
  const t = useTranslations('robots.trust')
  const common = useTranslations('common')
  const rules = useQuery(query('GET /robots/{robot_id}/trust-rules', { params: { robot_id: robot.id } }))
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t('titleOf', { name: robot.name })}
      closeButtonProps={{ 'aria-label': common('close') }}
    >
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('explanation')}
        </Text>
        {rules.error !== null ? (
          <ErrorFace error={rules.error} onRetry={() => void rules.refetch()} />
        ) : rules.data === undefined ? (
          <LoadingFace lines={2} />
        ) : (
          rules.data.map((rule) => <Rule key={rule.id} robot={robot} rule={rule} mayChange={mayChange} />)
        )}
        {rules.data?.length === 0 && <Text>{t('none')}</Text>}
        {mayChange && <NewRule robot={robot} />}
      </Stack>
    </Modal>
  )
}

function Rule({ robot, rule, mayChange }: Pick<TrustRulesProps, 'robot' | 'mayChange'> & { readonly rule: TrustRule }) {
  const t = useTranslations('robots.trust')
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: async () =>
      await call('DELETE /robots/{robot_id}/trust-rules/{rule_id}', {
        params: { robot_id: robot.id, rule_id: rule.id },
      }),
    onSuccess: async () => {
      await invalidate(client, '/robots')
      toast(t('removed'))
    },
    onError: toastError,
  })
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Stack gap={4} miw={0}>
          <Text fw={500} truncate>
            {rule.issuer}
          </Text>
          <Text size="sm" c="dimmed">
            {t('forAudience', { audience: rule.audience })}
          </Text>
          {Object.entries(rule.claims).map(([claim, value]) => (
            <Code key={claim}>{`${claim} = ${value}`}</Code>
          ))}
        </Stack>
        {mayChange && (
          <ActionIcon
            variant="subtle"
            color="red"
            aria-label={t('remove', { issuer: rule.issuer })}
            loading={remove.isPending}
            onClick={() => remove.mutate()}
          >
            <DeleteIcon size={16} />
          </ActionIcon>
        )}
      </Group>
    </Paper>
  )
}

/** Where tokens usually come from, and by which claims one job or account is told from others. */
const sources = {
  github: {
    issuer: 'https://token.actions.githubusercontent.com',
    claims: 'repository=owner/name\nref=refs/heads/main',
  },
  gitlab: { issuer: 'https://gitlab.com', claims: 'project_path=group/name\nref=main' },
  kubernetes: {
    issuer: 'https://kubernetes.default.svc.cluster.local',
    claims: 'sub=system:serviceaccount:default:builder',
  },
} as const
type Source = keyof typeof sources

function NewRule({ robot }: { readonly robot: Robot }) {
  const t = useTranslations('robots.trust')
  const common = useTranslations('common')
  const client = useQueryClient()
  const form = useForm({
    initialValues: { issuer: '', audience: window.location.host, claims: '', authority: '' },
    validate: {
      issuer: (issuer) => (issuer.trim() === '' ? common('required') : null),
      audience: (audience) => (audience.trim() === '' ? common('required') : null),
      claims: (claims) => (parseClaims(claims) === undefined ? t('claimsHint') : null),
    },
  })
  const add = useMutation({
    mutationFn: async ({ issuer, audience, claims, authority }: typeof form.values) =>
      await call('POST /robots/{robot_id}/trust-rules', {
        params: { robot_id: robot.id },
        body: {
          issuer: issuer.trim(),
          audience: audience.trim(),
          claims: parseClaims(claims) ?? {},
          ...(authority.trim() === '' ? {} : { ca_certificate: authority }),
        },
      }),
    onSuccess: async () => {
      form.reset()
      toast(t('added'))
      await invalidate(client, '/robots')
    },
  })
  return (
    <form onSubmit={form.onSubmit((values) => add.mutate(values))} noValidate>
      <Stack gap="sm">
        <Select
          label={t('source')}
          placeholder={t('sourcePlaceholder')}
          data={Object.keys(sources).map((value) => ({ value, label: t(`sources.${value as Source}`) }))}
          onChange={(value) => value !== null && form.setValues(sources[value as Source])}
        />
        <TextInput label={t('issuer')} spellCheck={false} autoComplete="off" {...form.getInputProps('issuer')} />
        <TextInput
          label={t('audience')}
          description={t('audienceHint')}
          spellCheck={false}
          autoComplete="off"
          {...form.getInputProps('audience')}
        />
        <Textarea
          label={t('claims')}
          description={t('claimsHint')}
          autosize
          minRows={2}
          spellCheck={false}
          {...form.getInputProps('claims')}
        />
        <Textarea
          label={t('authority')}
          description={t('authorityHint')}
          autosize
          minRows={1}
          maxRows={6}
          spellCheck={false}
          {...form.getInputProps('authority')}
        />
        {add.error !== null && <FormError error={add.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending}>
            {t('add')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** A line for each claim, `name=value`; undefined when a line is none or there is none. */
function parseClaims(text: string): Record<string, string> | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const pairs = lines.map((line) => {
    const at = line.indexOf('=')
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const
  })
  if (pairs.length === 0 || lines.some((line) => line.indexOf('=') < 1)) return undefined
  return Object.fromEntries(pairs)
}
