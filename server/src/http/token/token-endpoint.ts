import { ContractError } from '#contract/contract-error.ts'
import { projectOf } from '#contract/repository-name.ts'
import { parseScopes, type TokenAccess } from '#contract/token-scope.ts'
import type { Database } from '../../database/database.ts'
import type { AccessTokens } from '../../domain/access/access-tokens.ts'
import { actorOf, type Account } from '../../domain/access/accounts.ts'
import { anonymous, mayListCatalog, type Actor } from '../../domain/access/actor.ts'
import { can } from '../../domain/access/authorise.ts'
import type { Permission } from '../../domain/access/permissions.ts'
import type { SignIn } from '../../domain/access/sign-in.ts'
import { findProjectAccess } from '../../domain/projects/project-access.ts'
import { findCanonicalName, parseBasicCredentials, splitAuthorization } from '../authentication.ts'

export interface TokenEndpointOptions {
  readonly database: Database
  readonly signIn: SignIn
  readonly tokens: AccessTokens
  /** The account whose browser sends the request, by its session. */
  readonly sessionAccount?: (request: Request) => Promise<Account | undefined>
  /** What `service` must say: the audience of our tokens. */
  readonly service: string
  readonly defaultProject: string | undefined
  readonly open: boolean
}

const repositoryActions: Readonly<Record<string, Permission>> = {
  pull: 'repository:pull',
  push: 'repository:push',
  delete: 'artifact:delete',
}

const basicChallenge = { 'www-authenticate': 'Basic realm="harbor"' }

/**
 * GET /service/token (distribution: token authentication specification). Answers a token whose scopes are what
 * was asked for, less what the account may not do: a client that gets less learns so when it uses it.
 *
 * Throws DomainError TOO_MANY_REQUESTS after too many wrong passwords from the address.
 */
export function composeTokenEndpoint(
  options: TokenEndpointOptions,
): (request: Request, clientAddress: string) => Promise<Response> {
  return async (request, clientAddress) => {
    // 405 is what makes containerd and docker, which try OAuth 2 by POST first, come back with GET.
    if (request.method !== 'GET')
      return refusal(405, 'METHOD_NOT_ALLOWED', 'tokens are fetched by GET', { allow: 'GET' })
    const query = new URL(request.url).searchParams
    const service = query.get('service')
    if (service !== options.service) {
      return refusal(400, 'BAD_REQUEST', `unable to handle service: this is ${options.service}`)
    }
    let asked: TokenAccess[]
    try {
      asked = parseScopes(query.getAll('scope'))
    } catch (error) {
      if (error instanceof ContractError) return refusal(400, 'BAD_REQUEST', error.message)
      throw error
    }
    const asker = await findAsker(options, request, clientAddress)
    if (asker === undefined) return unauthorized('wrong username or password')
    // Harbor: this is how `docker login` without credentials ends, with an empty body.
    if (asker.actor.kind === 'anonymous' && asked.length === 0) {
      return new Response(null, { status: 401, headers: basicChallenge })
    }
    const access: TokenAccess[] = []
    for (const scope of asked) access.push(await reduceScope(options, asker.actor, scope))
    const { token, issuedAt, lifetimeSeconds } = await options.tokens.issueToken(asker.account, access)
    return Response.json(
      // As Harbor answers: `access_token` is there and empty; clients take `token` then.
      { token, access_token: '', expires_in: lifetimeSeconds, issued_at: new Date(issuedAt).toISOString() },
      { headers: { 'cache-control': 'no-store' } },
    )
  }
}

interface Asker {
  readonly actor: Actor
  readonly account: Account | undefined
}

/** Undefined when there are credentials and they are wrong: unlike under /v2, that is the end here. */
async function findAsker(
  { open, signIn, sessionAccount }: TokenEndpointOptions,
  request: Request,
  clientAddress: string,
): Promise<Asker | undefined> {
  if (open) return { actor: { kind: 'open' }, account: undefined }
  const header = request.headers.get('authorization')
  if (header === null) {
    const account = await sessionAccount?.(request)
    return { actor: account === undefined ? anonymous : actorOf(account), account }
  }
  const { scheme, value } = splitAuthorization(header)
  const credentials = scheme === 'basic' ? parseBasicCredentials(value) : undefined
  const account = credentials === undefined ? undefined : await signIn.signIn(credentials, clientAddress)
  return account === undefined ? undefined : { actor: actorOf(account), account }
}

/** The scope as it was named, with the actions that are left. */
async function reduceScope(options: TokenEndpointOptions, actor: Actor, scope: TokenAccess): Promise<TokenAccess> {
  return { ...scope, actions: await allowedActions(options, actor, scope) }
}

async function allowedActions(
  { database, defaultProject }: TokenEndpointOptions,
  actor: Actor,
  { type, name, actions }: TokenAccess,
): Promise<string[]> {
  if (type === 'registry') return name === 'catalog' && actions.includes('*') && mayListCatalog(actor) ? ['*'] : []
  if (type !== 'repository') return []
  const repository = findCanonicalName(name, defaultProject)
  if (repository === undefined) return []
  const standing = await findProjectAccess(database, actor, projectOf(repository))
  const asked = actions.includes('*') ? Object.keys(repositoryActions) : actions
  return asked.filter((action) => {
    const permission = Object.hasOwn(repositoryActions, action) ? repositoryActions[action] : undefined
    return permission !== undefined && can(actor, permission, standing, repository)
  })
}

function unauthorized(message: string): Response {
  return refusal(401, 'UNAUTHORIZED', message, basicChallenge)
}

function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ errors: [{ code, message }] }, { status, headers })
}
