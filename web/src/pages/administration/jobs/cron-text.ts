import { useTranslations } from 'use-intl'
import { useLanguage } from '../../../i18n/language-provider.tsx'

/** `At 02:30 every day` of `0 30 2 * * *`; an expression that is no such simple one stays as it is. */
export function useCronText(): (cron: string) => string {
  const t = useTranslations('jobs.cron')
  const { language } = useLanguage()
  return (cron) => {
    const [, minute = '', hour = '', dayOfMonth, month, dayOfWeek = ''] = cron.trim().split(/\s+/)
    const isNumber = (text: string) => /^\d+$/.test(text)
    if (!isNumber(minute) || dayOfMonth !== '*' || month !== '*') return cron
    if (hour === '*' && dayOfWeek === '*') return t('hourly', { minute: minute.padStart(2, '0') })
    if (!isNumber(hour)) return cron
    const time = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`
    if (dayOfWeek === '*') return t('daily', { time })
    if (dayOfWeek === '1-5') return t('weekdays', { time })
    if (!/^[0-7]$/.test(dayOfWeek)) return cron
    // 2023-01-01 was a Sunday.
    const day = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' }).format(
      Date.UTC(2023, 0, 1 + (Number(dayOfWeek) % 7)),
    )
    return t('weekly', { day, time })
  }
}
