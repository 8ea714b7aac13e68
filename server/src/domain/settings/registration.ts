import type { Actor } from '../access/actor.ts'
import { assertSystemAdministrator, canInSystem } from '../access/roles/authorise.ts'
import { assertProfile, type UserProfile, type UserProfiles } from '../access/accounts/user-profiles.ts'
import type { User } from '../access/accounts/user.ts'
import type { Users } from '../access/accounts/users.ts'
import { DomainError } from '../errors.ts'
import type { Settings } from './settings.ts'

export interface NewAccount extends UserProfile {
  readonly username: string
  readonly password: string
}

const byThemselves: Actor = { kind: 'system', name: 'self-registration' }

/** How people get accounts: from an administrator, or by themselves where the settings allow it. */
export class Registration {
  readonly #users: Users
  readonly #profiles: UserProfiles
  readonly #settings: Settings

  constructor({ users, profiles, settings }: { users: Users; profiles: UserProfiles; settings: Settings }) {
    this.#users = users
    this.#profiles = profiles
    this.#settings = settings
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT (name or address is known), UNAUTHENTICATED, FORBIDDEN */
  async registerUser(actor: Actor, account: NewAccount): Promise<User> {
    const { auth_mode: mode } = await this.#settings.getSettings()
    if (mode !== 'db_auth') {
      throw new DomainError(
        'FORBIDDEN',
        `creating users is not allowed while auth_mode is ${mode}: people get accounts when they first sign in`,
      )
    }
    const registrar = canInSystem(actor, 'user:create') ? actor : await this.#registrarFor(actor)
    assertProfile(account)
    await this.#profiles.assertEmailFree(account.email)
    const { username, password, email, realName, comment } = account
    return await this.#users.createUser(registrar, { username, password, email, realName, comment })
  }

  async #registrarFor(actor: Actor): Promise<Actor> {
    const { self_registration: open } = await this.#settings.getSettings()
    if (!open || actor.kind !== 'anonymous') assertSystemAdministrator(actor)
    return byThemselves
  }
}
