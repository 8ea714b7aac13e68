import { Button, Group, Select, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate } from '../../../api/queries.ts'
import { useSession } from '../../../api/session.ts'
import { FormError } from '../../../components/form-error.tsx'
import { Section } from '../../../components/page.tsx'
import { toast } from '../../../components/toast.ts'
import type { ProjectPageProps } from '../project-frame.tsx'
import { ProjectSwitch } from './project-switch.tsx'

/** What a proxy cache project takes from its upstream, how fast, and for how long it believes what it knows. */
export function ProxySettings(props: ProjectPageProps) {
  const t = useTranslations('projectSettings')
  if (props.project.registry_id === undefined) return null
  return (
    <Section title={t('proxy')} description={t('proxyHint')}>
      <Stack gap="md">
        <ProxyForm {...props} />
        <ProjectSwitch
          {...props}
          name="proxy_cache_local_on_not_found"
          label={t('keepsDeleted')}
          description={t('keepsDeletedHint')}
        />
        <ProjectSwitch {...props} name="proxy_referrer_api" label={t('referrers')} description={t('referrersHint')} />
      </Stack>
    </Section>
  )
}

/** -1 is Harbor's word for no limit; people leave the field empty. */
const limitIn = (text: string): string => (text.trim() === '' ? '-1' : text.trim())
const limitOf = (value: string | undefined): string => (value === undefined || value === '-1' ? '' : value)
const isLimit = (text: string): boolean => /^\s*([1-9]\d{0,9})?\s*$/.test(text)

function ProxyForm({ project, can }: ProjectPageProps) {
  const t = useTranslations('projectSettings')
  const client = useQueryClient()
  const { isAdministrator } = useSession()
  const { metadata } = project
  const form = useForm({
    initialValues: {
      pattern: metadata['proxy_cache_filter_pattern'] ?? '',
      kind: metadata['proxy_cache_filter_kind'] ?? 'doublestar',
      freshness: metadata['proxy_cache_freshness'] ?? '',
      pins: metadata['proxy_cache_pins'] ?? '',
      mirrored: metadata['proxy_mirror_of'] ?? '',
      speed: limitOf(metadata['proxy_speed_kb']),
      connections: limitOf(metadata['max_upstream_conn']),
    },
    validate: {
      speed: (text) => (isLimit(text) ? null : t('limitInvalid')),
      connections: (text) => (isLimit(text) ? null : t('limitInvalid')),
    },
  })
  const save = useMutation({
    mutationFn: async ({ pattern, kind, freshness, pins, mirrored, speed, connections }: typeof form.values) => {
      const params = { project_name_or_id: project.name }
      const set = {
        ...(pattern === '' ? {} : { proxy_cache_filter_pattern: pattern, proxy_cache_filter_kind: kind }),
        ...(freshness === '' ? {} : { proxy_cache_freshness: freshness }),
        ...(pins === '' ? {} : { proxy_cache_pins: pins }),
        ...(mirrored === '' ? {} : { proxy_mirror_of: mirrored }),
      }
      const amounts = { proxy_speed_kb: limitIn(speed), max_upstream_conn: limitIn(connections) }
      await call('PUT /projects/{project_name_or_id}', { params, body: { metadata: { ...set, ...amounts } } })
      // An empty value leaves what is stored as it is, so what was emptied is taken away.
      for (const [key, value] of [
        ['proxy_cache_filter_pattern', pattern],
        ['proxy_cache_freshness', freshness],
        ['proxy_cache_pins', pins],
        ['proxy_mirror_of', mirrored],
      ] as const) {
        if (value !== '' || metadata[key] === undefined) continue
        await call('DELETE /projects/{project_name_or_id}/metadatas/{meta_name}', {
          params: { ...params, meta_name: key },
        })
      }
    },
    onSuccess: async () => {
      toast(t('saved'))
      form.resetDirty()
      await invalidate(client, '/projects')
    },
  })
  const readOnly = !can('project', 'update')
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <Stack gap="md" maw="36rem">
        <TextInput
          label={t('filter')}
          description={t('filterHint')}
          disabled={readOnly}
          spellCheck={false}
          {...form.getInputProps('pattern')}
        />
        <Select
          label={t('filterKind')}
          data={[
            { value: 'doublestar', label: t('filterDoublestar') },
            { value: 'regex', label: t('filterRegex') },
          ]}
          allowDeselect={false}
          disabled={readOnly}
          {...form.getInputProps('kind')}
        />
        <TextInput
          label={t('freshness')}
          description={t('freshnessHint')}
          disabled={readOnly}
          spellCheck={false}
          {...form.getInputProps('freshness')}
        />
        <TextInput
          label={t('pins')}
          description={t('pinsHint')}
          disabled={readOnly}
          spellCheck={false}
          {...form.getInputProps('pins')}
        />
        <TextInput
          label={t('mirrored')}
          description={t('mirroredHint')}
          disabled={!isAdministrator}
          spellCheck={false}
          {...form.getInputProps('mirrored')}
        />
        <TextInput
          label={t('speed')}
          description={t('speedHint')}
          inputMode="numeric"
          disabled={readOnly}
          {...form.getInputProps('speed')}
        />
        <TextInput
          label={t('connections')}
          description={t('connectionsHint')}
          inputMode="numeric"
          disabled={readOnly}
          {...form.getInputProps('connections')}
        />
        {save.error !== null && <FormError error={save.error} />}
        {!readOnly && (
          <Group>
            <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
              {t('saveProxy')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  )
}
