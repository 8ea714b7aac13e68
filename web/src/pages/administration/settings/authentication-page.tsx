import { Alert, Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { ApiError } from '../../../api/api-error.ts'
import { call } from '../../../api/client.ts'
import { CopyBlock } from '../../../components/copy-button.tsx'
import { ErrorIcon, SuccessIcon } from '../../../components/icons.ts'
import { Page, Section } from '../../../components/page.tsx'
import { ErrorFace, LoadingFace } from '../../../components/states.tsx'
import { SaveBar } from './save-bar.tsx'
import { SettingFields, type Changes, type SettingField, type Settings } from './setting-fields.tsx'
import { useSettingChanges } from './use-setting-changes.ts'

const scopes = [
  [0, 'scopeBase'],
  [1, 'scopeOneLevel'],
  [2, 'scopeSubtree'],
] as const

const ldapConnection: readonly SettingField[] = [
  { name: 'ldap_url', kind: 'text' },
  { name: 'ldap_start_tls', kind: 'switch' },
  { name: 'ldap_verify_cert', kind: 'switch' },
  { name: 'ldap_ca_certificate', kind: 'long' },
  { name: 'ldap_search_dn', kind: 'text' },
  { name: 'ldap_search_password', kind: 'secret' },
  { name: 'ldap_timeout', kind: 'number' },
]
const ldapPeople: readonly SettingField[] = [
  { name: 'ldap_base_dn', kind: 'text' },
  { name: 'ldap_filter', kind: 'text' },
  { name: 'ldap_uid', kind: 'text' },
  { name: 'ldap_scope', kind: 'choice', choices: scopes },
]
const ldapGroups: readonly SettingField[] = [
  { name: 'ldap_group_base_dn', kind: 'text' },
  { name: 'ldap_group_search_filter', kind: 'text' },
  { name: 'ldap_group_attribute_name', kind: 'text' },
  { name: 'ldap_group_membership_attribute', kind: 'text' },
  { name: 'ldap_group_search_scope', kind: 'choice', choices: scopes },
  { name: 'ldap_group_admin_dn', kind: 'text' },
]
const oidcProvider: readonly SettingField[] = [
  { name: 'oidc_name', kind: 'text' },
  { name: 'oidc_endpoint', kind: 'text' },
  { name: 'oidc_client_id', kind: 'text' },
  { name: 'oidc_client_secret', kind: 'secret' },
  { name: 'oidc_scope', kind: 'text' },
  { name: 'oidc_verify_cert', kind: 'switch' },
  { name: 'oidc_extra_redirect_parms', kind: 'text' },
]
const oidcPeople: readonly SettingField[] = [
  { name: 'primary_auth_mode', kind: 'switch' },
  { name: 'oidc_auto_onboard', kind: 'switch' },
  { name: 'oidc_user_claim', kind: 'text' },
  { name: 'oidc_groups_claim', kind: 'text' },
  { name: 'oidc_group_filter', kind: 'text' },
  { name: 'oidc_admin_group', kind: 'text' },
  { name: 'oidc_logout', kind: 'switch' },
]

const modes = ['db_auth', 'ldap_auth', 'oidc_auth'] as const
type Mode = (typeof modes)[number]

/** How people prove who they are, with a way to try it before it is saved. */
export function AuthenticationPage() {
  const t = useTranslations('settings')
  const editing = useSettingChanges()
  const { settings, error, refetch, changes, setChanges } = editing
  return (
    <Page title={t('authentication.title')} description={t('authentication.description')} guide="authentication">
      {settings === undefined ? (
        error === null ? (
          <LoadingFace />
        ) : (
          <ErrorFace error={error} onRetry={() => void refetch()} />
        )
      ) : (
        <>
          <ModeSection settings={settings} changes={changes} onChange={setChanges} />
          <ModeFields settings={settings} changes={changes} onChange={setChanges} />
          <SaveBar editing={editing} />
        </>
      )}
    </Page>
  )
}

interface EditingProps {
  readonly settings: Settings
  readonly changes: Changes
  onChange(changes: Changes): void
}

function modeOf({ settings, changes }: Pick<EditingProps, 'settings' | 'changes'>): Mode {
  const value = changes['auth_mode'] ?? settings['auth_mode']?.value
  return modes.find((mode) => mode === value) ?? 'db_auth'
}

function ModeSection(props: EditingProps) {
  const t = useTranslations('settings.authentication')
  const { settings, changes, onChange } = props
  const mode = modeOf(props)
  return (
    <Section title={t('mode')}>
      <Stack gap="sm" align="flex-start">
        <SegmentedControl
          aria-label={t('mode')}
          data={modes.map((value) => ({ value, label: t(`modes.${value}`) }))}
          value={mode}
          disabled={settings['auth_mode']?.editable === false}
          onChange={(value) => onChange({ ...changes, auth_mode: value })}
        />
        <Text size="sm" c="dimmed">
          {t(`hints.${mode}`)}
        </Text>
      </Stack>
    </Section>
  )
}

function ModeFields(props: EditingProps) {
  const t = useTranslations('settings.authentication')
  const part = (fields: readonly SettingField[]) => (
    <Stack gap="lg" maw="42rem">
      <SettingFields fields={fields} {...props} />
    </Stack>
  )
  switch (modeOf(props)) {
    case 'ldap_auth':
      return (
        <>
          <Section title={t('connection')} description={t('connectionHint')}>
            {part(ldapConnection)}
          </Section>
          <Section title={t('people')}>{part(ldapPeople)}</Section>
          <Section title={t('groups')} description={t('groupsHint')}>
            {part(ldapGroups)}
          </Section>
          <LdapTest {...props} />
        </>
      )
    case 'oidc_auth':
      return (
        <>
          <Section title={t('provider')} description={t('redirectHint')}>
            <Stack gap="lg" maw="42rem">
              <CopyBlock value={`${window.location.origin}/c/oidc/callback`} label={t('redirect')} />
              {part(oidcProvider)}
            </Stack>
          </Section>
          <Section title={t('people')}>{part(oidcPeople)}</Section>
          <OidcTest {...props} />
        </>
      )
    case 'db_auth':
      return null
  }
}

/** What stands in the form now, saved or not. */
function valueIn({ settings, changes }: EditingProps, name: string) {
  return changes[name] ?? settings[name]?.value
}

function LdapTest(props: EditingProps) {
  const test = useMutation({
    mutationFn: async () => {
      const text = (name: string) => String(valueIn(props, name) ?? '')
      const password = text('ldap_search_password')
      return await call('POST /ldap/ping', {
        body: {
          ldap_url: text('ldap_url'),
          ldap_search_dn: text('ldap_search_dn'),
          // Without one the server takes the one that it has.
          ...(password === '' ? {} : { ldap_search_password: password }),
          ldap_base_dn: text('ldap_base_dn'),
          ldap_filter: text('ldap_filter'),
          ldap_uid: text('ldap_uid'),
          ldap_scope: Number(valueIn(props, 'ldap_scope')),
          ldap_connection_timeout: Number(valueIn(props, 'ldap_timeout')),
          ldap_verify_cert: valueIn(props, 'ldap_verify_cert') === true,
          ldap_start_tls: valueIn(props, 'ldap_start_tls') === true,
          ldap_ca_certificate: text('ldap_ca_certificate'),
        },
      })
    },
  })
  const said = test.data?.success === false ? (test.data.message ?? '') : reasonOf(test.error)
  return <TestSection pending={test.isPending} succeeded={test.data?.success === true} said={said} run={test.mutate} />
}

function OidcTest(props: EditingProps) {
  const test = useMutation({
    mutationFn: async () =>
      await call('POST /system/oidc/ping', {
        body: {
          url: String(valueIn(props, 'oidc_endpoint') ?? ''),
          verify_cert: valueIn(props, 'oidc_verify_cert') === true,
        },
      }),
  })
  return (
    <TestSection pending={test.isPending} succeeded={test.isSuccess} said={reasonOf(test.error)} run={test.mutate} />
  )
}

function reasonOf(error: Error | null): string | undefined {
  if (error === null) return undefined
  return error instanceof ApiError && error.message !== '' ? error.message : error.name
}

interface TestSectionProps {
  readonly pending: boolean
  readonly succeeded: boolean
  /** Why it failed, as the registry says it; undefined: it did not. */
  readonly said: string | undefined
  run(): void
}

/** What is usually the matter, by words of the answer; the first that fits. */
const causes = [
  [/is not called|outbound\./, 'blocked'],
  [/certificate|self.signed|TLS|SSL/i, 'certificate'],
  [/credential|password|refuses|\b49\b/i, 'credentials'],
  [/has no |no such object|\b32\b|filter/i, 'base'],
  [/timeout|timed out|refused|reach|resolve|ENOTFOUND|connect/i, 'network'],
  [/discovery|openid|issuer|404/i, 'discovery'],
] as const

function TestSection({ pending, succeeded, said, run }: TestSectionProps) {
  const t = useTranslations('settings.authentication.test')
  const [, cause] = causes.find(([pattern]) => pattern.test(said ?? '')) ?? []
  return (
    <Section title={t('title')} description={t('hint')}>
      <Stack gap="md" maw="42rem">
        <Group>
          <Button variant="default" loading={pending} onClick={() => run()}>
            {t('run')}
          </Button>
        </Group>
        <div aria-live="polite">
          {succeeded && !pending && (
            <Alert color="teal" icon={<SuccessIcon size={18} />}>
              {t('succeeded')}
            </Alert>
          )}
          {said !== undefined && !pending && (
            <Alert color="red" icon={<ErrorIcon size={18} />} title={said}>
              {t(`causes.${cause ?? 'other'}`)}
            </Alert>
          )}
        </div>
      </Stack>
    </Section>
  )
}
