import type { OperatingSystem } from '../inventory.ts'

/** The last day of support without a contract, by family and release, as the distributions announced it. */
const lastDays: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  alpine: {
    '3.10': '2021-05-01',
    '3.11': '2021-11-01',
    '3.12': '2022-05-01',
    '3.13': '2022-11-01',
    '3.14': '2023-05-01',
    '3.15': '2023-11-01',
    '3.16': '2024-05-23',
    '3.17': '2024-11-22',
    '3.18': '2025-05-09',
    '3.19': '2025-11-01',
    '3.20': '2026-04-01',
    '3.21': '2026-11-01',
    '3.22': '2027-05-01',
  },
  debian: {
    '7': '2018-05-31',
    '8': '2020-06-30',
    '9': '2022-06-30',
    '10': '2024-06-30',
    '11': '2026-08-31',
    '12': '2028-06-30',
  },
  ubuntu: {
    '14.04': '2019-04-25',
    '16.04': '2021-04-30',
    '18.04': '2023-05-31',
    '20.04': '2025-05-29',
    '22.04': '2027-04-21',
    '24.04': '2029-05-31',
  },
  centos: { '5': '2017-03-31', '6': '2020-11-30', '7': '2024-06-30', '8': '2021-12-31' },
  redhat: { '6': '2020-11-30', '7': '2024-06-30', '8': '2029-05-31', '9': '2032-05-31' },
  amazon: { '1': '2023-12-31', '2': '2026-06-30', '2018': '2023-12-31', '2023': '2029-06-30' },
}

/** Whether a release no longer gets security fixes; false for one that is not known. */
export function isEndOfLife(os: OperatingSystem, now: string): boolean {
  const releases = lastDays[os.family]
  if (releases === undefined) return false
  const [major = '', minor = ''] = os.version.split('.')
  const lastDay = releases[`${major}.${minor}`] ?? releases[major]
  return lastDay !== undefined && lastDay < now.slice(0, 10)
}
