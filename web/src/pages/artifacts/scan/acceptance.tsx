import { Button, Group, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { call } from '../../../api/client.ts'
import { invalidate, query } from '../../../api/queries.ts'
import { useSession } from '../../../api/session.ts'
import { CheckIcon } from '../../../components/icons.ts'
import { toast, toastError } from '../../../components/toast.ts'
import { StatusBadge, useMinute } from '../../../components/values.tsx'
import { acceptedIds, isExpired, usesRegistryList, type Allowlist } from '../../project/allowlist/allowlist.ts'
import { useProject } from '../../project/use-project.ts'

const registryList = '/system/CVEAllowlist' as const

/** The list that counts for a project; undefined until it is known, or where it may not be read. */
function useAllowlist(projectName: string) {
  const { user, open } = useSession()
  const { data: project } = useProject(projectName)
  const isShared = project === undefined || usesRegistryList(project)
  const { data: shared } = useQuery({
    ...query(`GET ${registryList}`),
    enabled: (user !== undefined || open) && project !== undefined && isShared,
  })
  const list: Allowlist | undefined = isShared ? shared : project?.cve_allowlist
  return { list, isShared }
}

/** Ids of the vulnerabilities that count as accepted in a project. */
export function useAcceptedIds(projectName: string): ReadonlySet<string> {
  const now = useMinute()
  return acceptedIds(useAllowlist(projectName).list, now)
}

export function AcceptedMark() {
  return <StatusBadge tone="good">{useTranslations('allowlist')('mark')}</StatusBadge>
}

interface AcceptanceProps {
  readonly projectName: string
  readonly id: string
  can(resource: string, action: string): boolean
}

/** Whether a vulnerability is accepted, and a button that adds it to the list that counts here. */
export function Acceptance({ projectName, id, can }: AcceptanceProps) {
  const t = useTranslations('allowlist')
  const client = useQueryClient()
  const now = useMinute()
  const { isAdministrator } = useSession()
  const { list, isShared } = useAllowlist(projectName)
  const accept = useMutation({
    // Beside what others add at the same time.
    mutationFn: async () => {
      if (isShared) return await call('PATCH /system/cve-allowlist', { body: { add: [id] } })
      const params = { project_name_or_id: projectName }
      return await call('PATCH /projects/{project_name_or_id}/cve-allowlist', { params, body: { add: [id] } })
    },
    onSuccess: async () => {
      toast(t('accepted', { id }))
      await invalidate(client, isShared ? registryList : '/projects')
    },
    onError: toastError,
  })
  if (list === undefined) return null
  const quiet = (text: string) => (
    <Text size="sm" c="dimmed">
      {text}
    </Text>
  )
  if (acceptedIds(list, now).has(id)) return quiet(t(isShared ? 'acceptedEverywhere' : 'acceptedHere'))
  if (!can('project', 'update')) return null
  if (isShared && !isAdministrator) return quiet(t('shared'))
  if (isExpired(list, now)) return quiet(t('listExpired'))
  return (
    <Group gap="sm">
      <Button
        variant="default"
        size="xs"
        leftSection={<CheckIcon size={14} />}
        loading={accept.isPending}
        onClick={() => accept.mutate()}
      >
        {t(isShared ? 'acceptEverywhere' : 'accept')}
      </Button>
      {isShared && quiet(t('shared'))}
    </Group>
  )
}
