import { Progress } from '@mantine/core'
import type { AnswerOf } from '../../api/client.ts'

type Quota = AnswerOf<'GET /projects/{project_name_or_id}/summary'>['quota']

const nearlyFull = 0.9

/** What a project uses of its storage quota. Below zero the quota has no limit. */
export function storageOf(quota: Quota): { readonly used: number; readonly hard: number; readonly share: number } {
  const used = quota?.used['storage'] ?? 0
  const hard = quota?.hard['storage'] ?? -1
  return { used, hard, share: hard > 0 ? used / hard : used > 0 ? 1 : 0 }
}

interface StorageBarProps {
  readonly share: number
  readonly label: string
  readonly size?: 'md' | 'lg'
}

export function StorageBar({ share, label, size = 'md' }: StorageBarProps) {
  const color = share >= nearlyFull ? 'red' : 'harbour'
  return <Progress value={Math.min(1, share) * 100} size={size} color={color} aria-label={label} />
}
