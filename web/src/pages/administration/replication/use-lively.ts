import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { invalidate } from '../../../api/queries.ts'
import { livelyMs } from './replication-words.ts'

/** Asks again for what replication does, as long as something goes on. */
export function useLively(goesOn: boolean): void {
  const client = useQueryClient()
  useEffect(() => {
    if (!goesOn) return undefined
    const timer = setInterval(() => void invalidate(client, '/replication'), livelyMs)
    return () => clearInterval(timer)
  }, [client, goesOn])
}
