import { useTranslations } from 'use-intl'
import { useLanguage } from '../../../i18n/language-provider.tsx'
import { cronWords } from './cron-words.ts'

/** `Every day at 02:30` of `0 30 2 * * *`; an expression that is no such simple one stays as it is. */
export function useCronText(): (cron: string) => string {
  const t = useTranslations('jobs.cron')
  const { language } = useLanguage()
  return (cron) => {
    const words = cronWords(cron)
    switch (words?.every) {
      case undefined:
        return cron
      case 'hour':
        return t('hourly', { minute: words.minute })
      case 'day':
        return t('daily', { time: words.time })
      case 'weekday':
        return t('weekdays', { time: words.time })
      case 'week':
        return t('weekly', { day: dayName(language, words.dayOfWeek), time: words.time })
    }
  }
}

/** 2023-01-01 was a Sunday. */
function dayName(language: string, dayOfWeek: number): string {
  const format = new Intl.DateTimeFormat(language, { weekday: 'long', timeZone: 'UTC' })
  return format.format(Date.UTC(2023, 0, 1 + dayOfWeek))
}
