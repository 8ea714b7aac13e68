import { Button, Title } from '@mantine/core'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { ArtifactDetails } from './artifact-part.ts'
import { Pairs } from './pairs.tsx'

/** More would push the rest of the page out of sight. */
const maxShown = 4

/** The annotations of the manifest, the first few until all are asked for. */
export function Annotations({ artifact }: { readonly artifact: ArtifactDetails }) {
  const t = useTranslations('artifacts')
  const [all, setAll] = useState(false)
  const pairs = Object.entries(artifact.annotations ?? {})
  if (pairs.length === 0) return null
  return (
    <>
      <Title order={3} mt="lg" mb="xs">
        {t('annotations')}
      </Title>
      <Pairs label={t('annotations')} pairs={all ? pairs : pairs.slice(0, maxShown)} />
      {pairs.length > maxShown && !all && (
        <Button variant="subtle" size="xs" mt="xs" onClick={() => setAll(true)}>
          {t('allAnnotations', { count: pairs.length })}
        </Button>
      )}
    </>
  )
}
