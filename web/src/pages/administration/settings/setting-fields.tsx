import { Badge, Group, NumberInput, Select, Switch, Textarea, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../../api/client.ts'
import { parseSize, useFormat } from '../../../i18n/format.ts'
import type { Messages } from '../../../i18n/languages.ts'
import { PasswordField } from '../../../components/password-field.tsx'

export type Settings = AnswerOf<'GET /configurations'>
export type SettingValue = string | number | boolean
/** What somebody has changed and not saved. */
export type Changes = Readonly<Record<string, SettingValue>>

type FieldName = keyof Messages['settings']['fields']
type ChoiceName = keyof Messages['settings']['choices']

/** One setting as a field. Its label and its hint are in the catalogue `settings`, under its name. */
export type SettingField = { readonly name: FieldName } & (
  | { readonly kind: 'text' | 'long' | 'secret' | 'switch' | 'number' | 'size' }
  | { readonly kind: 'choice'; readonly choices: readonly (readonly [value: SettingValue, label: ChoiceName])[] }
)

interface SettingFieldsProps {
  readonly fields: readonly SettingField[]
  readonly settings: Settings
  readonly changes: Changes
  onChange(changes: Changes): void
}

/** Fields for settings. What the config file fixes is shown and cannot be changed. */
export function SettingFields({ fields, settings, changes, onChange }: SettingFieldsProps) {
  return fields.map((field) => (
    <Field
      key={field.name}
      field={field}
      value={changes[field.name] ?? settings[field.name]?.value ?? ''}
      // Secrets are never told, and can be set.
      fixed={settings[field.name]?.editable === false}
      onChange={(value) => onChange({ ...changes, [field.name]: value })}
    />
  ))
}

interface FieldProps {
  readonly field: SettingField
  readonly value: SettingValue
  readonly fixed: boolean
  onChange(value: SettingValue): void
}

function Field({ field, value, fixed, onChange }: FieldProps) {
  const t = useTranslations('settings')
  const format = useFormat()
  const words = {
    label: fixed ? (
      <Group gap="xs" component="span">
        {t(`fields.${field.name}.label`)}
        <Badge variant="default" radius="sm">
          {t('fixed')}
        </Badge>
      </Group>
    ) : (
      t(`fields.${field.name}.label`)
    ),
    description: t(`fields.${field.name}.hint`) || undefined,
    disabled: fixed,
  }
  const plain = { autoComplete: 'off', spellCheck: false, autoCapitalize: 'none' }
  const text = String(value)
  switch (field.kind) {
    case 'switch':
      return <Switch {...words} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />
    case 'number':
      return <NumberInput {...words} maw={320} value={Number(value)} onChange={(next) => onChange(Number(next))} />
    case 'size':
      return <SizeField {...words} bytes={Number(value)} onChange={onChange} example={format.size(50 * 1024 ** 3)} />
    case 'long':
      return (
        <Textarea
          {...words}
          autosize
          minRows={2}
          maxRows={12}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )
    case 'secret':
      return (
        <PasswordField
          {...words}
          placeholder={t('secretKept')}
          autoComplete="new-password"
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )
    case 'choice':
      return (
        <Select
          {...words}
          maw={480}
          allowDeselect={false}
          data={field.choices.map(([choice, label]) => ({ value: String(choice), label: t(`choices.${label}`) }))}
          value={text}
          onChange={(next) => onChange(field.choices.find(([choice]) => String(choice) === next)?.[0] ?? value)}
        />
      )
    case 'text':
      return <TextInput {...words} {...plain} value={text} onChange={(event) => onChange(event.currentTarget.value)} />
  }
}

interface SizeFieldProps {
  readonly label: ReactNode
  readonly description: string | undefined
  readonly disabled: boolean
  readonly bytes: number
  readonly example: string
  onChange(bytes: number): void
}

/** Bytes as people write them; empty is -1, without a limit. */
function SizeField({ bytes, example, onChange, ...words }: SizeFieldProps) {
  const t = useTranslations('settings')
  const format = useFormat()
  const [text, setText] = useState(bytes < 0 ? '' : format.size(bytes))
  const isWrong = text !== '' && parseSize(text) === undefined
  return (
    <TextInput
      {...words}
      maw={320}
      placeholder={t('sizeExample', { example })}
      value={text}
      error={isWrong ? t('sizeInvalid', { example }) : null}
      onChange={(event) => {
        const next = event.currentTarget.value
        setText(next)
        const size = next === '' ? -1 : parseSize(next)
        if (size !== undefined) onChange(size)
      }}
    />
  )
}
