import { budgets, parseForeignJson } from '#contract/budget.ts'
import { DomainError } from '../errors.ts'

const maxTemplateLength = 16 * 1024
const maxPlaceholders = 200
const placeholder = /\{\{\s*([a-zA-Z0-9_.]{1,200})\s*\}\}/g

export type Template = (values: unknown) => string

/**
 * A text in which `{{event_data.repository.name}}` stands for what that path leads to in the body of the format Default.
 * In a text that is JSON each value is escaped as JSON writes it inside a string; so what happened cannot break out of it.
 * @throws DomainError BAD_REQUEST
 */
export function parseTemplate(text: string): Template {
  if (text.trim() === '') throw new DomainError('BAD_REQUEST', 'the payload format Template needs a template')
  if (text.length > maxTemplateLength)
    throw new DomainError('BAD_REQUEST', `a template has ${maxTemplateLength} characters at the most`)
  const places = [...text.matchAll(placeholder)]
  if (places.length > maxPlaceholders)
    throw new DomainError('BAD_REQUEST', `a template has ${maxPlaceholders} placeholders at the most`)
  const rest = text.replaceAll(placeholder, '')
  if (rest.includes('{{') || rest.includes('}}'))
    throw new DomainError('BAD_REQUEST', 'a placeholder of a template looks like {{event_data.repository.name}}')
  // Escaping is the rule; only a text that cannot be JSON, whatever stands in its places, is left as it is.
  const escape = isJson(text.replaceAll(placeholder, '0')) ? escaped : (value: string) => value
  return (values) => text.replaceAll(placeholder, (_, path: string) => escape(textOf(valueAt(values, path))))
}

function isJson(text: string): boolean {
  try {
    parseForeignJson(text, budgets.requestBody)
    return true
  } catch {
    return false
  }
}

const escaped = (value: string): string => JSON.stringify(value).slice(1, -1)

function textOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Numbers choose from lists. */
function valueAt(values: unknown, path: string): unknown {
  let at = values
  for (const step of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<string, unknown>)[step]
  }
  return at
}
