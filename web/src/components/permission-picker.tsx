import { Checkbox, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import { useId, useState } from 'react'
import { useTranslations } from 'use-intl'
import styles from './permission-picker.module.css'

export interface Permission {
  readonly resource: string
  readonly action: string
}

interface PermissionPickerProps {
  /** Default: Permissions. */
  readonly title?: string
  /** What may be given at all. */
  readonly offered: readonly Permission[]
  readonly value: readonly Permission[]
  /** What is asked for often, by the key of its name; the last choice is always to pick one by one. */
  readonly presets?: readonly (readonly [name: 'pull' | 'push', permissions: readonly Permission[]])[]
  readonly error?: string | undefined
  onChange(value: readonly Permission[]): void
}

const pull: readonly Permission[] = [{ resource: 'repository', action: 'pull' }]
const push: readonly Permission[] = [...pull, { resource: 'repository', action: 'push' }]
const ofImages = [
  ['pull', pull],
  ['push', push],
] as const

/** Functions that Harbor has permissions for and that are not here yet. They may be given by the API. */
const notBuilt: ReadonlySet<string> = new Set([
  'export-cve',
  'notification-policy',
  'preheat-instance',
  'preheat-policy',
  'replication',
  'replication-adapter',
  'replication-policy',
])

/** What somebody or something may do: one of the usual answers, or each permission by itself. */
export function PermissionPicker({
  offered,
  value,
  presets = ofImages,
  title,
  error,
  onChange,
}: PermissionPickerProps) {
  const t = useTranslations('permissions')
  const id = useId()
  const preset = presets.find(([, permissions]) => isSame(permissions, value))?.[0]
  const [choice, setChoice] = useState<string>(preset ?? 'custom')
  return (
    <Stack gap="xs">
      <Text size="sm" fw={500} id={id}>
        {title ?? t('title')}
      </Text>
      {presets.length > 0 && (
        <SegmentedControl
          aria-labelledby={id}
          data={[
            ...presets.map(([name]) => ({ value: name, label: t(name) })),
            { value: 'custom', label: t('custom') },
          ]}
          value={choice}
          onChange={(next) => {
            setChoice(next)
            const chosen = presets.find(([name]) => name === next)?.[1]
            if (chosen !== undefined) onChange(chosen)
          }}
        />
      )}
      {choice === 'custom' && <Table offered={offered} value={value} onChange={onChange} />}
      {error !== undefined && (
        <Text size="sm" className={styles.error} role="alert">
          {error}
        </Text>
      )}
    </Stack>
  )
}

function Table({ offered, value, onChange }: Pick<PermissionPickerProps, 'offered' | 'value' | 'onChange'>) {
  const names = usePermissionNames()
  const isGiven = (asked: Permission) => value.some((given) => isEqual(given, asked))
  // One that was given stays in sight, so that it can be taken away.
  const shown = offered.filter((each) => !notBuilt.has(each.resource) || isGiven(each))
  const toggle = (asked: Permission, given: boolean) =>
    onChange(given ? [...value, asked] : value.filter((each) => !isEqual(each, asked)))
  return (
    <div className={styles.table}>
      {Object.entries(Object.groupBy(shown, ({ resource }) => resource)).map(([resource, permissions = []]) => (
        <fieldset key={resource} className={styles.row}>
          <legend className={styles.resource}>{names.resource(resource)}</legend>
          <Group gap="xs">
            {permissions.map((permission) => (
              <Checkbox
                key={permission.action}
                size="xs"
                label={names.action(permission.action)}
                checked={isGiven(permission)}
                onChange={(event) => toggle(permission, event.currentTarget.checked)}
              />
            ))}
          </Group>
        </fieldset>
      ))}
    </div>
  )
}

const isEqual = (one: Permission, other: Permission) => one.resource === other.resource && one.action === other.action

const isSame = (some: readonly Permission[], others: readonly Permission[]) =>
  some.length === others.length && some.every((one) => others.some((other) => isEqual(one, other)))

/** In words: `pull`, `push and pull`, or how many there are. */
export function usePermissionText(): (value: readonly Permission[]) => string {
  const t = useTranslations('permissions')
  return (value) => {
    const preset = ofImages.find(([, permissions]) => isSame(permissions, value))?.[0]
    return preset === undefined ? t('count', { count: value.length }) : t(preset)
  }
}

const resources = [
  'accessory',
  'artifact',
  'artifact-addition',
  'artifact-label',
  'audit-log',
  'catalog',
  'export-cve',
  'garbage-collection',
  'immutable-tag',
  'jobservice-monitor',
  'label',
  'ldap-user',
  'log',
  'member',
  'metadata',
  'notification-policy',
  'preheat-instance',
  'preheat-policy',
  'project',
  'protected-tag',
  'purge-audit',
  'quarantine',
  'quota',
  'registry',
  'replication',
  'replication-adapter',
  'replication-policy',
  'repository',
  'robot',
  'sbom',
  'scan',
  'scan-all',
  'scanner',
  'security-hub',
  'signature',
  'system-volumes',
  'tag',
  'tag-retention',
  'trash',
  'user',
  'user-group',
] as const
const actions = ['create', 'delete', 'list', 'pull', 'push', 'read', 'restore', 'stop', 'update'] as const

/** What resources and actions are called; one that is new here keeps the API's word. */
function usePermissionNames() {
  const t = useTranslations('permissions')
  return {
    resource: (word: string) => {
      const known = resources.find((resource) => resource === word)
      return known === undefined ? word : t(`resources.${known}`)
    },
    action: (word: string) => {
      const known = actions.find((action) => action === word)
      return known === undefined ? word : t(`actions.${known}`)
    },
  }
}
