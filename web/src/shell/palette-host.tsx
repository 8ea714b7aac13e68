import { useHotkeys } from '@mantine/hooks'
import { lazy, Suspense, useEffect, useState } from 'react'

const Palette = lazy(async () => ({ default: (await import('./later.ts')).Palette }))

const openEvent = 'berth:palette'

export function openPalette(): void {
  window.dispatchEvent(new Event(openEvent))
}

/** Ctrl+K or ⌘K from anywhere; its code comes with the first use. */
export function PaletteHost() {
  const [opened, setOpened] = useState(false)
  const [wanted, setWanted] = useState(false)
  useEffect(() => {
    const open = () => {
      setWanted(true)
      setOpened(true)
    }
    window.addEventListener(openEvent, open)
    return () => window.removeEventListener(openEvent, open)
  }, [])
  // In a field too: that is where people are when they want to leave it.
  useHotkeys([['mod+K', openPalette]], [])
  return wanted ? (
    <Suspense>
      <Palette opened={opened} onClose={() => setOpened(false)} />
    </Suspense>
  ) : null
}
