import { lazy, Suspense, useSyncExternalStore } from 'react'
import { isWanted, subscribeToWanted } from './toast.ts'

const ToastArea = lazy(async () => ({ default: (await import('../shell/later.ts')).ToastArea }))

/** Where toasts appear; its code comes when the first one does. */
export function ToastHost() {
  const wanted = useSyncExternalStore(subscribeToWanted, isWanted)
  return wanted ? (
    <Suspense>
      <ToastArea />
    </Suspense>
  ) : null
}
