import { ContractError } from '#contract/contract-error.ts'
import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import { parseScopes, type TokenAccess } from '#contract/token-scope.ts'
import type { Database } from '../../database/database.ts'
import { maxTokenLength, type AccessTokens, type TokenHolder } from '../../domain/access/tokens/access-tokens.ts'
import { actorOf, type Account } from '../../domain/access/accounts/accounts.ts'
import { anonymous, mayListCatalog, type Actor } from '../../domain/access/actor.ts'
import { can } from '../../domain/access/roles/authorise.ts'
import type { Permission } from '../../domain/access/roles/permissions.ts'
import type { SignedIn, SignIn } from '../../domain/access/credentials/sign-in.ts'
import { findProjectAccesses, type ProjectAccess } from '../../domain/projects/project-access.ts'
import { actorBehind, findCanonicalName, parseBasicCredentials, splitAuthorization } from '../authentication.ts'

export interface TokenEndpointOptions {
  readonly database: Database
  readonly signIn: SignIn
  readonly tokens: AccessTokens
  /** The account whose browser sends the request, by its session. */
  readonly sessionAccount?: (request: Request) => Promise<Account | undefined>
  /** The audience of our tokens, which `service` must name. */
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

export interface TokenAnswer {
  readonly response: Response
  /** The actor, for the log: anonymous when the credentials were wrong. */
  readonly actor: Actor
}

export type TokenEndpoint = (request: Request, clientAddress: string) => Promise<TokenAnswer>

/**
 * GET /service/token (distribution: token authentication specification). Answers a token whose scopes are what
 * was asked for, less what the account may not do: a client that gets less learns so when it uses it.
 *
 * Throws DomainError TOO_MANY_REQUESTS after too many wrong passwords from the address.
 */
export function composeTokenEndpoint(options: TokenEndpointOptions): TokenEndpoint {
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
      return { response: new Response(null, { status: 401, headers: basicChallenge }), actor: anonymous }
    }
    const access = await reduceScopes(options, asker.actor, asked)
    const { token, issuedAt, lifetimeSeconds } = await options.tokens.issueToken(
      holderOf(asker),
      access,
      asker.signedIn?.kind,
    )
    if (token.length > maxTokenLength) return tooManyScopes(token.length, access.length)
    const response = Response.json(
      // As Harbor answers: `access_token` is there and empty; clients take `token` then.
      { token, access_token: '', expires_in: lifetimeSeconds, issued_at: new Date(issuedAt).toISOString() },
      { headers: { 'cache-control': 'no-store' } },
    )
    return { response, actor: asker.actor }
  }
}

interface Asker {
  readonly actor: Actor
  readonly signedIn: SignedIn | undefined
}

function holderOf({ signedIn }: Asker): TokenHolder | undefined {
  if (signedIn?.kind !== 'user') return signedIn?.robot
  return { ...signedIn.account, personalToken: signedIn.limits?.tokenId }
}

/** Undefined when there are credentials and they are wrong: unlike under /v2, that is the end here. */
async function findAsker(
  { open, signIn, sessionAccount }: TokenEndpointOptions,
  request: Request,
  clientAddress: string,
): Promise<Asker | undefined> {
  if (open) return { actor: { kind: 'open' }, signedIn: undefined }
  const header = request.headers.get('authorization')
  if (header === null) {
    const account = await sessionAccount?.(request)
    if (account === undefined) return { actor: anonymous, signedIn: undefined }
    return { actor: actorOf(account), signedIn: { kind: 'user', account } }
  }
  const { scheme, value } = splitAuthorization(header)
  const credentials = scheme === 'basic' ? parseBasicCredentials(value) : undefined
  const signedIn = credentials === undefined ? undefined : await signIn.signInAnyone(credentials, clientAddress)
  return signedIn === undefined ? undefined : { actor: actorBehind(signedIn), signedIn }
}

/** The scopes as they were named, with the actions that are left. One query, however many there are. */
async function reduceScopes(
  { database, defaultProject }: TokenEndpointOptions,
  actor: Actor,
  scopes: readonly TokenAccess[],
): Promise<TokenAccess[]> {
  const named = scopes.map((scope) => ({
    scope,
    repository: scope.type === 'repository' ? findCanonicalName(scope.name, defaultProject) : undefined,
  }))
  const repositories = named.flatMap(({ repository }) => repository ?? [])
  const standings = await findProjectAccesses(database, actor, repositories.map(projectOf))
  return named.map(({ scope, repository }) => {
    if (scope.type === 'registry') return { ...scope, actions: catalogActions(actor, scope) }
    if (repository === undefined) return { ...scope, actions: [] }
    const standing = standings.get(projectOf(repository))
    return { ...scope, actions: allowedActions(actor, scope.actions, standing, repository) }
  })
}

function catalogActions(actor: Actor, { name, actions }: TokenAccess): string[] {
  return name === 'catalog' && actions.includes('*') && mayListCatalog(actor) ? ['*'] : []
}

function allowedActions(
  actor: Actor,
  actions: readonly string[],
  standing: ProjectAccess | undefined,
  repository: RepositoryName,
): string[] {
  const asked = actions.includes('*') ? Object.keys(repositoryActions) : actions
  return asked.filter((action) => {
    const permission = Object.hasOwn(repositoryActions, action) ? repositoryActions[action] : undefined
    return permission !== undefined && can(actor, permission, standing, repository)
  })
}

/** A token that no request could carry: its every use would fail without a word. */
function tooManyScopes(length: number, scopes: number): TokenAnswer {
  const message = `the token for these ${scopes} scopes would have ${length} characters, and a request can carry ${maxTokenLength} at the most; ask for fewer scopes in one token`
  return refusal(400, 'BAD_REQUEST', message)
}

function unauthorized(message: string): TokenAnswer {
  return refusal(401, 'UNAUTHORIZED', message, basicChallenge)
}

function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): TokenAnswer {
  return { response: Response.json({ errors: [{ code, message }] }, { status, headers }), actor: anonymous }
}
