import { CloseButton, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { SearchIcon } from './icons.ts'

interface SearchFieldProps {
  readonly label: string
  readonly value: string
  /** A moment after the last key. */
  onChange(value: string): void
}

export function SearchField({ label, value, onChange }: SearchFieldProps) {
  const t = useTranslations('common')
  const [text, setText] = useState(value)
  const report = useDebouncedCallback(onChange, 250)
  const change = (next: string) => {
    setText(next)
    report(next)
  }
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      leftSection={<SearchIcon size={15} />}
      rightSection={text === '' ? null : <CloseButton size="sm" aria-label={t('clear')} onClick={() => change('')} />}
      w={{ base: '100%', sm: 280 }}
    />
  )
}
