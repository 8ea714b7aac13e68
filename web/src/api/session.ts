import { queryOptions, useQuery, type QueryClient } from '@tanstack/react-query'
import { call, fetchChecked, startSession, type AnswerOf, type Duty } from './client.ts'

export type CurrentUser = AnswerOf<'GET /users/current'>
export type SystemInfo = AnswerOf<'GET /systeminfo'>

export interface Session {
  /** Undefined: nobody has signed in. */
  readonly user: CurrentUser | undefined
  /** A registry without accounts. */
  readonly open: boolean
  readonly isAdministrator: boolean
  /** What they administer of security and the audit log: their duty, or what no one else has. */
  readonly duties: readonly Duty[]
  readonly system: SystemInfo
  /** The administrator still has the password that every reader of the manual knows. */
  readonly mustChangePassword: boolean
}

export const sessionQuery = queryOptions({
  queryKey: ['session'] as const,
  queryFn: async (): Promise<Session> => {
    const [start, system] = await Promise.all([startSession(), call('GET /systeminfo')])
    const { user, open, must_change_password: mustChangePassword = false } = start
    const isAdministrator = open || (user !== undefined && (user.sysadmin_flag || user.admin_role_in_auth))
    const apart = start.apart ?? []
    const ofAdministrators = (['security', 'audit'] as const).filter((duty) => !apart.includes(duty))
    const duties = isAdministrator ? ofAdministrators : user?.duty === undefined ? [] : [user.duty]
    return { user, open, isAdministrator, duties, system, mustChangePassword }
  },
  staleTime: 60_000,
})

/** Who is here. Below the shell it is always known. */
export function useSession(): Session {
  const { data } = useQuery(sessionQuery)
  if (data === undefined) throw new Error('useSession is for pages below the shell, which waits for it')
  return data
}

export interface Login {
  readonly username: string
  readonly password: string
  /** Of the second factor, once the registry has asked for it. */
  readonly code?: string
  /** In the place of one that is too old. */
  readonly newPassword?: string
}

/**
 * Returns recovery codes where the login has set up a second factor.
 * @throws ApiError 401 for a wrong name or password; reason SECOND_FACTOR_REQUIRED, or SECOND_FACTOR_UNSET with what an app
 * takes up, where a code has to come with them
 */
export async function signIn({ username, password, code, newPassword }: Login): Promise<readonly string[] | undefined> {
  const body = new URLSearchParams({
    principal: username,
    password,
    ...(code === undefined ? {} : { code }),
    ...(newPassword === undefined ? {} : { new_password: newPassword }),
  })
  const answer = await fetchChecked('/c/login', { method: 'POST', body })
  const text = await answer.text()
  return text === '' ? undefined : (JSON.parse(text) as { recovery_codes?: string[] }).recovery_codes
}

/** Asks again who is here; pages keep what they know until the answer has come. */
export async function refreshSession(client: QueryClient): Promise<Session> {
  return await client.fetchQuery({ ...sessionQuery, staleTime: 0 })
}

export function useSignOut(): () => Promise<void> {
  const session = useSession()
  return async () => {
    if (session.user?.oidc_user_meta !== undefined) {
      window.location.assign('/c/oidc/logout')
      return
    }
    await fetchChecked('/c/log_out', {})
    // A new page: nothing of theirs stays in memory for who comes next.
    window.location.assign('/sign-in')
  }
}

const renewal = { 'x-harbor-no-session-renewal': 'true' }

/** For requests that a page repeats by itself: they do not keep a session alive that nobody uses. */
export const unattended = { headers: renewal }
