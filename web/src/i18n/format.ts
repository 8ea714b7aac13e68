import { useMemo } from 'react'
import { useLanguage } from './language-provider.tsx'
import type { Language } from './languages.ts'

/** Everything that a language writes in its own way. All of it goes through Intl. */
export interface Format {
  /** 12,345 */
  count(value: number): string
  /** 1.2K, for tiles and axes. */
  compact(value: number): string
  /** 12.3 MiB */
  size(bytes: number): string
  /** 0.42 → 42% */
  percent(fraction: number): string
  /** 26 Nov 2026, 10:54 */
  dateTime(time: Date): string
  /** With seconds and the time zone: what a title or a log shows. */
  exact(time: Date): string
  /** 2026-11-30 21:12:14: the same in every language, for records. */
  stamp(time: Date): string
  date(time: Date): string
  /** 10:54:07, for the lines of a log. */
  clock(time: Date): string
  /** 3 hours ago; in 2 days. */
  relative(time: Date, now: Date): string
  /** 3 hours */
  duration(value: number, unit: 'day' | 'hour' | 'minute' | 'second'): string
  /** a, b, and c */
  list(items: readonly string[]): string
}

export function useFormat(): Format {
  const { language } = useLanguage()
  return useMemo(() => formatFor(language), [language])
}

const sizeUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** Intl's word is "now", which is no time ago. */
const justNow: Readonly<Record<Language, string>> = { en: 'just now', 'zh-CN': '刚刚' }

const steps: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ['year', 31_556_952],
  ['month', 2_629_746],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

export function formatFor(language: Language): Format {
  const plain = new Intl.NumberFormat(language)
  const compact = new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 })
  const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 })
  const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' })
  const exact = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeStyle: 'long' })
  const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' })
  const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' })
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  const list = new Intl.ListFormat(language)
  // Sweden writes dates as ISO 8601 does.
  const stamp = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium' })
  return {
    count: (value) => plain.format(value),
    compact: (value) => compact.format(value),
    percent: (fraction) => percent.format(fraction),
    size(bytes) {
      const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), sizeUnits.length - 1)
      const value = bytes / 1024 ** power
      const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
      return `${new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(value)} ${sizeUnits[power]}`
    },
    dateTime: (time) => dateTime.format(time),
    exact: (time) => exact.format(time),
    stamp: (time) => stamp.format(time),
    date: (time) => date.format(time),
    clock: (time) => clock.format(time),
    relative(time, now) {
      const seconds = (time.getTime() - now.getTime()) / 1000
      const step = steps.find(([, length]) => Math.abs(seconds) >= length)
      if (step === undefined) return justNow[language]
      const [unit, length] = step
      return relative.format(Math.trunc(seconds / length), unit)
    },
    duration: (value, unit) =>
      new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(value),
    list: (items) => list.format(items),
  }
}

const sizeFactors: Readonly<Record<string, number>> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 }

/** Bytes of `10 GiB`, `10G` or `1.5 tb`; undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  const [, number = '', letter = ''] = /^\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?\s*$/i.exec(text) ?? []
  return number === '' ? undefined : Math.round(Number(number) * 1024 ** sizeFactors[letter.toLowerCase()]!)
}
