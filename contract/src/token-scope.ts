import { ContractError, quoted } from './contract-error.ts'

/** One thing that an access token allows: entry of its `access` claim (Docker token specification). */
export type TokenAccess = {
  type: string
  name: string
  actions: string[]
}

const maxScopes = 100
const maxScopeLength = 1024
const maxActions = 16

// Docker token scope grammar: the class in parentheses says nothing about rights and is dropped.
const typePattern = /^([a-z0-9]{1,64})(?:\([a-z0-9]{1,64}\))?$/
const actionPattern = /^(?:\*|[a-z][a-z0-9-]{0,63})$/
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._/:-]*$/

/**
 * The `scope` parameters of a token request: each holds one or more `type:name:action,action` separated by spaces.
 * The name may hold colons (`repository:host:5000/app:pull`); the same resource named twice becomes one entry.
 * Throws `SCOPE_INVALID`, also for more than 100 scopes.
 */
export function parseScopes(scopeParams: readonly string[]): TokenAccess[] {
  const byResource = new Map<string, TokenAccess>()
  let count = 0
  for (const param of scopeParams) {
    if (param.length > maxScopes * maxScopeLength)
      throw new ContractError('SCOPE_INVALID', 'the scope parameter is too long')
    for (const text of param.split(' ')) {
      if (text === '') continue
      count += 1
      if (count > maxScopes)
        throw new ContractError('SCOPE_INVALID', `a token request may name at most ${maxScopes} scopes`)
      const access = parseScope(text)
      const resource = `${access.type}:${access.name}`
      const same = byResource.get(resource)
      if (same === undefined) byResource.set(resource, access)
      else same.actions = [...new Set([...same.actions, ...access.actions])]
    }
  }
  return [...byResource.values()]
}

/** `repository:library/nginx:pull,push`. */
export function formatScope({ type, name, actions }: TokenAccess): string {
  return `${type}:${name}:${actions.join(',')}`
}

function parseScope(text: string): TokenAccess {
  const invalid = (why: string): ContractError =>
    new ContractError('SCOPE_INVALID', `invalid scope ${quoted(text)}: ${why}`)
  if (text.length > maxScopeLength) throw invalid(`it may have at most ${maxScopeLength} characters`)
  const first = text.indexOf(':')
  const last = text.lastIndexOf(':')
  if (first < 0 || first === last)
    throw invalid('it has the form type:name:actions, as in repository:library/nginx:pull')
  const type = typePattern.exec(text.slice(0, first))?.[1]
  if (type === undefined) throw invalid('the type has lower-case letters and digits')
  const name = text.slice(first + 1, last)
  if (!namePattern.test(name)) throw invalid('the name has letters, digits and ". _ / : -"')
  const actions = [...new Set(text.slice(last + 1).split(','))].filter((action) => action !== '')
  if (actions.length > maxActions) throw invalid(`it may name at most ${maxActions} actions`)
  const unknown = actions.find((action) => !actionPattern.test(action))
  if (unknown !== undefined) throw invalid(`${quoted(unknown)} is no action`)
  return { type, name, actions }
}
