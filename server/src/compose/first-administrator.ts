import { ConfigError } from '../config/config-error.ts'
import type { Config } from '../config/config.ts'
import { defaultPassword, type Users } from '../domain/access/accounts/users.ts'

/**
 * Makes the administrator of a new installation.
 * @throws ConfigError when the installation needs a chosen password and has none
 */
export async function ensureFirstAdministrator(
  { initialAdminPassword, requireAdminPassword, open }: Config,
  users: Users,
): Promise<void> {
  const isMissing = requireAdminPassword && !open && initialAdminPassword === defaultPassword
  if (isMissing && !(await users.hasAdministrator())) {
    const message =
      'this installation is new: choose the password of the account admin and set BERTH_ADMIN_PASSWORD, or BERTH_ADMIN_PASSWORD_FILE to a file with it; the one of every manual is not taken here'
    throw new ConfigError([{ code: 'PASSWORD_NOT_CHOSEN', setting: 'admin_password', message }])
  }
  await users.ensureAdministrator(initialAdminPassword)
}
