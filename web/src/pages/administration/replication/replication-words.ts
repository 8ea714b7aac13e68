import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../api/client.ts'
import type { Tone } from '../../../components/values.tsx'

export type Rule = RowOf<'GET /replication/policies'>
export type Execution = RowOf<'GET /replication/executions'>
export type Task = RowOf<'GET /replication/executions/{id}/tasks'>

export type Mode = 'copy' | 'dry-run' | 'verify'

/** Whether a rule brings something from here to another registry. */
export const isPush = ({ dest_registry: destination }: Rule): boolean => destination.id !== 0

const tones = {
  InProgress: 'accent',
  Succeed: 'good',
  Failed: 'bad',
  Stopped: 'neutral',
  Pending: 'neutral',
} as const satisfies Readonly<Record<string, Tone>>

const isStatus = (status: string): status is keyof typeof tones => Object.hasOwn(tones, status)
export const toneOf = (status: string): Tone => (isStatus(status) ? tones[status] : 'neutral')
export const isOver = ({ status }: Pick<Execution, 'status'>): boolean => status !== 'InProgress'

/** How often a run that goes on is looked at. */
export const livelyMs = 2_000

const modes = ['copy', 'dry-run', 'verify'] as const
const startedBy = ['manual', 'scheduled', 'event_based'] as const
const operations = ['copy', 'deletion', 'tag deletion'] as const

/** Words of the API in the reader's language; those that this console does not know stay as they are. */
export function useReplicationWords() {
  const t = useTranslations('replication')
  const known = <Word extends string>(list: readonly Word[], word: string): Word | undefined =>
    list.find((each) => each === word)
  return {
    status: (word: string): string => (isStatus(word) ? t(`statuses.${word}`) : word),
    mode: (word: string): string => {
      const found = known(modes, word)
      return found === undefined ? word : t(`modes.${found}`)
    },
    trigger: (word: string): string => {
      const found = known(startedBy, word)
      return found === undefined ? word : t(`triggers.${found}`)
    },
    startedBy: (word: string): string => {
      const found = known(startedBy, word)
      return found === undefined ? word : t(`startedBy.${found}`)
    },
    operation: (word: string): string => {
      const found = known(operations, word)
      return found === undefined ? word : t(`operations.${found}`)
    },
  }
}
