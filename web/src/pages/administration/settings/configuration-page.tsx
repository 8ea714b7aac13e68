import { Stack } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { Page, Section } from '../../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { Facts } from '../../../components/values.tsx'
import { AuditPurge } from '../audit/audit-purge.tsx'
import { SaveBar } from './save-bar.tsx'
import { SettingFields, type SettingField, type Settings, type SettingValue } from './setting-fields.tsx'
import { useSettingChanges } from './use-setting-changes.ts'

const groups = {
  people: [
    {
      name: 'project_creation_restriction',
      kind: 'choice',
      choices: [
        ['everyone', 'everyone'],
        ['adminonly', 'adminonly'],
      ],
    },
    { name: 'self_registration', kind: 'switch' },
    {
      name: 'second_factor_required',
      kind: 'choice',
      choices: [
        ['off', 'nobody'],
        ['administrators', 'adminonly'],
        ['everyone', 'everyone'],
      ],
    },
    { name: 'password_min_length', kind: 'number' },
    { name: 'password_history', kind: 'number' },
    { name: 'password_max_age_days', kind: 'number' },
    { name: 'session_timeout', kind: 'number' },
    { name: 'sessions_per_user', kind: 'number' },
    { name: 'token_expiration', kind: 'number' },
    { name: 'banner_message', kind: 'long' },
  ],
  storage: [
    { name: 'read_only', kind: 'switch' },
    { name: 'quota_per_project_enable', kind: 'switch' },
    { name: 'storage_per_project', kind: 'size' },
  ],
  robots: [
    { name: 'robot_token_duration', kind: 'number' },
    { name: 'robot_name_prefix', kind: 'text' },
  ],
  scanning: [
    { name: 'scan_data_max_age_days', kind: 'number' },
    { name: 'scanner_skip_update_pulltime', kind: 'switch' },
  ],
  audit: [
    { name: 'audit_log_pull_events', kind: 'switch' },
    { name: 'audit_log_forward_endpoint', kind: 'text' },
    { name: 'skip_audit_log_database', kind: 'switch' },
    { name: 'notification_enable', kind: 'switch' },
    { name: 'disabled_audit_log_event_types', kind: 'long' },
  ],
} as const satisfies Readonly<Record<string, readonly SettingField[]>>

const titles = ['people', 'storage', 'robots', 'scanning', 'audit'] as const

/** What an administrator changes while the registry runs, and what its config file says. */
export function ConfigurationPage() {
  const t = useTranslations('settings')
  const editing = useSettingChanges()
  const { settings, error, refetch, changes, setChanges } = editing
  return (
    <Page title={t('title')} description={t('description')} guide="configuration">
      {settings === undefined ? (
        error === null ? (
          <LoadingFace />
        ) : (
          <ErrorFace error={error} onRetry={() => void refetch()} />
        )
      ) : (
        <>
          {titles.map((group) => (
            <Section key={group} title={t(`groups.${group}`)}>
              <Stack gap="lg" maw="42rem">
                <SettingFields fields={groups[group]} settings={settings} changes={changes} onChange={setChanges} />
              </Stack>
            </Section>
          ))}
          <SaveBar editing={editing} />
          <AuditPurge />
          <FixedSettings settings={settings} />
        </>
      )}
    </Page>
  )
}

/** What stands in the config file or the environment, by the names that the API has for it. */
function FixedSettings({ settings }: { readonly settings: Settings }) {
  const t = useTranslations('settings')
  const common = useTranslations('common')
  const shown = (value: SettingValue) =>
    typeof value === 'boolean' ? common(value ? 'yes' : 'no') : String(value) || common('none')
  const fixed = Object.entries(settings).flatMap(([name, item]) =>
    'editable' in item && !item.editable ? [{ name, value: item.value }] : [],
  )
  if (fixed.length === 0) return null
  return (
    <Section title={t('fixedTitle')} description={t('fixedHint')}>
      <Facts facts={fixed.map(({ name, value }) => [name, shown(value)] as const)} />
    </Section>
  )
}
