import { lazy, Suspense } from 'react'
import { Folded } from '../../components/folded.tsx'
import { Section } from '../../components/page.tsx'

const Markdown = lazy(async () => ({ default: (await import('../../components/markdown/markdown.tsx')).Markdown }))

/** What its people say of a repository; nothing where they say nothing. */
export function RepositoryDescription({ text }: { readonly text: string }) {
  if (text.trim() === '') return null
  return (
    <Section>
      <Suspense>
        <Folded>
          <Markdown text={text} />
        </Folded>
      </Suspense>
    </Section>
  )
}
