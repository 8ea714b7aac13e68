import { Anchor } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { guidePath, helpPath } from '#contract/guides.ts'
import { ApiError } from '../api/api-error.ts'
import { useLanguage } from '../i18n/language-provider.tsx'
import { pageGuides, type GuideReference, type PageWithGuide } from '../shell/page-guides.ts'

/** To the guide that belongs to a page. It opens beside the console, so that a form keeps what was typed. */
export function GuideLink({ of, page }: { readonly of: PageWithGuide; readonly page: string }) {
  const { guide, anchors }: GuideReference = pageGuides[of]
  const t = useTranslations('common')
  const { language } = useLanguage()
  const anchor = anchors === undefined ? '' : `#${anchors[language]}`
  return (
    <Anchor
      href={guidePath(guide, language) + anchor}
      target="_blank"
      underline="always"
      aria-label={t('guideOf', { page })}
    >
      {t('guide')}
    </Anchor>
  )
}

/** To the row of the guide that says what a refusal means; nothing where the registry gave none. */
export function HelpLink({ error }: { readonly error: unknown }) {
  const t = useTranslations('errors')
  const { language } = useLanguage()
  if (!(error instanceof ApiError) || error.status === 0) return null
  return (
    <Anchor href={helpPath(error.reason, language)} target="_blank" underline="always" inherit>
      {t('help')}
    </Anchor>
  )
}
