import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { refreshSession } from '../../../api/session.ts'
import { toast } from '../../../components/toast.ts'
import type { Changes } from './setting-fields.tsx'

/** The settings, what somebody has changed of them, and saving just that. */
export function useSettingChanges() {
  const common = useTranslations('common')
  const client = useQueryClient()
  const { data: settings, error, refetch } = useQuery(query('GET /configurations'))
  const [changes, setChanges] = useState<Changes>({})
  const changed = Object.fromEntries(
    Object.entries(changes).filter(([name, value]) => settings?.[name]?.value !== value && !isEmptySecret(name, value)),
  )
  const save = useMutation({
    mutationFn: async () => {
      await call('PUT /configurations', { body: changed })
      return changed
    },
    onSuccess: async (saved) => {
      await invalidate(client, '/configurations')
      // The shell shows some of them: the banner, how people sign in.
      await refreshSession(client)
      // What was typed meanwhile is still to be saved.
      setChanges((now) => Object.fromEntries(Object.entries(now).filter(([name, value]) => saved[name] !== value)))
      toast(common('saved'))
    },
  })
  const discard = () => {
    setChanges({})
    save.reset()
  }
  return { settings, error, refetch, changes, changed, setChanges, save, discard }
}

/** A secret is not told by the server: an empty field leaves it as it is. */
function isEmptySecret(name: string, value: unknown): boolean {
  return /(password|secret)$/.test(name) && value === ''
}
