import { List } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { Notice } from '../../../components/notice.tsx'
import { foreignEntries, foreignText } from '../foreign-text.ts'
import type { Report } from './vulnerability-rows.ts'

/** Something that the scan could not check, in the words of the API. */
export interface Gap {
  readonly code: string
  readonly system: string
  readonly kind: string
  readonly packages: number
  readonly where: string
  readonly reason: string
}

export function gapsOf({ gaps = [] }: Report): readonly Gap[] {
  return gaps.map((written) => {
    const gap = Object.fromEntries(foreignEntries(written))
    const os = Object.fromEntries(foreignEntries(gap['os']))
    const unread = Object.fromEntries(foreignEntries(gap['unread']))
    const named =
      foreignText(os['name']) ?? [os['family'], os['version']].flatMap((part) => foreignText(part) ?? []).join(' ')
    return {
      code: foreignText(gap['code']) ?? '',
      system: named,
      kind: foreignText(gap['kind']) ?? '',
      packages: Number(gap['packages'] ?? 0),
      where: foreignText(unread['where']) ?? '',
      reason: foreignText(unread['reason']) ?? '',
    }
  })
}

const mostShown = 8

/** Why the list below may not be all there is. */
export function Gaps({ gaps }: { readonly gaps: readonly Gap[] }) {
  const t = useTranslations('scan')
  if (gaps.length === 0) return null
  return (
    <Notice tone="warn" title={t('gapsTitle')}>
      <List size="sm" spacing={4}>
        {gaps.slice(0, mostShown).map((gap, index) => (
          <List.Item key={index}>
            <GapText gap={gap} />
          </List.Item>
        ))}
        {gaps.length > mostShown && <List.Item>{t('moreGaps', { count: gaps.length - mostShown })}</List.Item>}
      </List>
    </Notice>
  )
}

function GapText({ gap }: { readonly gap: Gap }) {
  const t = useTranslations('scan.gaps')
  const { code, system, kind, packages, where, reason } = gap
  switch (code) {
    case 'NO_DATA_FOR_SYSTEM':
      return t('system', { system })
    case 'NO_DATA_FOR_KIND':
      return t('kind', { kind, count: packages })
    case 'END_OF_LIFE':
      return t('endOfLife', { system })
    case 'UNREAD':
      return t('unread', { where, reason })
    default:
      return t('other', { code })
  }
}
