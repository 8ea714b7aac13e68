import { lazy, Suspense, useState, useSyncExternalStore } from 'react'
import { isProofAsked, subscribeToProofs } from '../../api/step-up.ts'

const StepUpDialog = lazy(async () => ({ default: (await import('../../shell/later.ts')).StepUpDialog }))

/** Where a second factor is asked for once more; its code comes with the first question. */
export function StepUpHost() {
  const asked = useSyncExternalStore(subscribeToProofs, isProofAsked)
  const [wanted, setWanted] = useState(false)
  if (asked && !wanted) setWanted(true)
  return wanted ? (
    <Suspense>
      <StepUpDialog />
    </Suspense>
  ) : null
}
