import { useTranslations } from 'use-intl'

const roles = {
  1: 'projectAdmin',
  2: 'developer',
  3: 'guest',
  4: 'maintainer',
  5: 'limitedGuest',
} as const

/** What Harbor's number of a role is called. */
export function useRoleName(): (roleId: number | undefined) => string {
  const t = useTranslations('projects.roles')
  return (roleId) => t(roles[roleId as keyof typeof roles] ?? 'none')
}
