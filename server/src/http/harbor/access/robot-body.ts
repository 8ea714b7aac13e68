import { z } from 'zod'
import type { RobotPermission } from '../../../domain/robots/robot-grants.ts'

/** Strict, as everything that says what is given: a word that is passed over might have narrowed it. */
export const accessBody = z.strictObject({ resource: z.string(), action: z.string(), effect: z.string().nullish() })

const permissionBody = z.strictObject({
  kind: z.string().default(''),
  namespace: z.string().default(''),
  access: z.array(accessBody).nullish(),
})

/** What clients send back as they read it. */
export const readBack = {
  id: z.unknown().optional(),
  editable: z.unknown().optional(),
  secret: z.unknown().optional(),
  creator_type: z.unknown().optional(),
  creator_ref: z.unknown().optional(),
  creation_time: z.unknown().optional(),
  update_time: z.unknown().optional(),
}

export const robotBody = z.strictObject({
  ...readBack,
  name: z.string().default(''),
  description: z.string().nullish(),
  level: z.string().default(''),
  disable: z.boolean().nullish(),
  duration: z.number().int().nullish(),
  expires_at: z
    .number()
    .int()
    .nullish()
    .describe('Beyond Harbor, for a new robot: seconds since the epoch, instead of a duration.'),
  permissions: z.array(permissionBody).nullish(),
})

export function permissionsOf({ permissions }: Pick<z.output<typeof robotBody>, 'permissions'>): RobotPermission[] {
  return (permissions ?? []).map(({ kind, namespace, access }) => ({ kind, namespace, access: access ?? [] }))
}
