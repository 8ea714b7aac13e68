import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { invalidate } from './queries.ts'

/**
 * Asks again every few seconds for what begins with the path, while the page can be seen. The questions themselves are
 * `unattended`.
 */
export function useRefresh(path: string, everyMs: number): void {
  const client = useQueryClient()
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void invalidate(client, path)
    }, everyMs)
    return () => clearInterval(timer)
  }, [client, path, everyMs])
}
