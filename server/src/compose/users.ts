import type { Config } from '../config/config.ts'
import { UserGroups } from '../domain/access/accounts/user-groups.ts'
import { UserProfiles } from '../domain/access/accounts/user-profiles.ts'
import { Users } from '../domain/access/accounts/users.ts'
import { OwnSessions } from '../domain/access/credentials/own-sessions.ts'
import type { PasswordRules } from '../domain/access/credentials/password-rules.ts'
import { Passwords } from '../domain/access/credentials/passwords.ts'
import { Roles } from '../domain/access/roles/roles.ts'
import { composeSettingChecks } from './audit-forwarding.ts'
import { Registration } from '../domain/settings/registration.ts'
import { settingKeys, type SettingValues } from '../domain/settings/setting-keys.ts'
import { Settings, type FixedSettings } from '../domain/settings/settings.ts'
import { ensureFirstAdministrator } from './first-administrator.ts'
import type { Foundation } from './foundation.ts'

export type UserServices = Awaited<ReturnType<typeof composeUsers>>

/** Accounts of people and what they may set; makes the administrator of a new installation. */
export async function composeUsers(
  config: Config,
  { database, clock, events, secrets }: Pick<Foundation, 'database' | 'clock' | 'events' | 'secrets'>,
) {
  const passwords = new Passwords()
  const rules = async () => passwordRulesIn(await settings.getSettings())
  const users = new Users({ database, clock, events, passwords, rules })
  const profiles = new UserProfiles({ database, clock, events })
  const settings = new Settings({
    database,
    clock,
    events,
    secrets,
    fixed: fixedBy(config),
    checks: composeSettingChecks(config, { database, clock }),
  })
  await ensureFirstAdministrator(config, users)
  return {
    passwords,
    passwordRules: rules,
    users,
    profiles,
    settings,
    registration: new Registration({ users, profiles, settings }),
    userGroups: new UserGroups({ database, clock, events }),
    roles: new Roles({ database, clock, events }),
    ownSessions: new OwnSessions({ database, clock, events }),
    /** Whether somebody who read the manual can sign in as administrator. */
    defaultPasswordStands: (): Promise<boolean> => users.usesDefaultPassword(),
  }
}

const passwordRulesIn = (values: SettingValues): PasswordRules => ({
  minLength: values.password_min_length,
  history: values.password_history,
  maxAgeDays: values.password_max_age_days,
})

/** A value that is not the standard one was decided by the configuration; the rest is an administrator's to change. */
function fixedBy({ readOnly, token }: Config): FixedSettings {
  const minutes = token.lifetimeSeconds / 60
  return {
    ...(readOnly ? { read_only: true } : {}),
    ...(minutes === settingKeys.token_expiration.default ? {} : { token_expiration: Math.ceil(minutes) }),
  }
}
