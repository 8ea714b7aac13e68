import { lazy, Suspense, useState, useSyncExternalStore } from 'react'
import { askedDestruction, subscribeToDestructions } from './confirm.ts'

const ConfirmDialog = lazy(async () => ({ default: (await import('../shell/later.ts')).ConfirmDialog }))

/** Where destruction is confirmed; its code comes with the first question. */
export function ConfirmHost() {
  const asked = useSyncExternalStore(subscribeToDestructions, askedDestruction)
  const [wanted, setWanted] = useState(false)
  if (asked !== undefined && !wanted) setWanted(true)
  return wanted ? (
    <Suspense>
      <ConfirmDialog />
    </Suspense>
  ) : null
}
