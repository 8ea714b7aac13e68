import type { Actor } from '../actor.ts'

/**
 * What is administered apart from the system, as soon as somebody has the duty (GB/T 22239-2019, 8.1.5): then it is theirs alone, and
 * no system administrator's any more.
 */
export const duties = ['security', 'audit'] as const
export type Duty = (typeof duties)[number]

const resources: Readonly<Record<Duty, readonly string[]>> = {
  security: ['scanner', 'scan-all', 'security-hub'],
  audit: ['audit-log', 'purge-audit'],
}

/** Undefined for what is the system administrators' in any case. */
export const dutyOf = (permission: string): Duty | undefined =>
  duties.find((duty) => resources[duty].includes(permission.split(':')[0] ?? ''))

/** With a personal token nobody has one: it is for projects. */
export const hasDuty = (actor: Actor, duty: Duty): boolean =>
  actor.kind === 'user' && actor.duty === duty && actor.limits === undefined && actor.access === undefined

/** Whether it is withheld from this administrator, because somebody else has it. */
export const isApart = (actor: Actor, duty: Duty): boolean =>
  actor.kind === 'user' && actor.apart?.includes(duty) === true
