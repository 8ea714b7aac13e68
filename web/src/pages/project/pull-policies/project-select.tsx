import { Select } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { query } from '../../../api/queries.ts'

interface ProjectSelectProps {
  readonly label: string
  /** What none stands for. */
  readonly placeholder: string
  readonly value: string | undefined
  onChange(name: string | undefined): void
}

/** One of the registry's projects, found as its name is typed. */
export function ProjectSelect({ label, placeholder, value, onChange }: ProjectSelectProps) {
  const [text, setText] = useState('')
  const [asked] = useDebouncedValue(text, 250)
  const { data } = useQuery(
    query('GET /projects', { query: { page_size: 20, ...(asked === '' ? {} : { name: asked }) } }),
  )
  const names = data?.map(({ name }) => name) ?? []
  return (
    <Select
      label={label}
      placeholder={placeholder}
      searchable
      clearable
      data={[...new Set([...(value === undefined ? [] : [value]), ...names])]}
      value={value ?? null}
      onSearchChange={setText}
      onChange={(name) => onChange(name ?? undefined)}
    />
  )
}
