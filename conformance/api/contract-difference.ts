import type { Contract, Operation, Schema } from './contract-documents.ts'

/** Deeper, schemas are only compared by their types: some of them contain themselves. */
const deepest = 6

/**
 * What a client of `theirs` would find otherwise in `ours`, one line each: `GET /robots: …`. What only ours has is no
 * difference, as long as theirs would not stumble over it: whole operations, optional parameters, fields of answers.
 * Operations that say they are not built are compared by name and parameters in the path alone.
 */
export function differences(theirs: Contract, ours: Contract): string[] {
  return [...theirs.operations].flatMap(([name, their]) => {
    const our = ours.operations.get(name)
    if (our === undefined) return [`${name}: missing`]
    return operationDifferences(theirs, their, ours, our).map((difference) => `${name}: ${difference}`)
  })
}

/** Operations that ours has and theirs has not. */
export function additions(theirs: Contract, ours: Contract): string[] {
  return [...ours.operations.keys()].filter((name) => !theirs.operations.has(name))
}

function operationDifferences(theirs: Contract, their: Operation, ours: Contract, our: Operation): string[] {
  const found: string[] = []
  if (their.tag !== our.tag) found.push(`tag is ${our.tag}, not ${their.tag}`)
  if (their.operationId !== our.operationId)
    found.push(`operationId is ${our.operationId || 'none'}, not ${their.operationId || 'none'}`)
  if (our.notBuilt) return found
  for (const [name, schema] of their.parameters) {
    const own = our.parameters.get(name)
    if (own === undefined) found.push(`parameter ${name} is missing`)
    // In a path or a query all is text; what the text must be is the server's to say.
    else if (!name.startsWith('header') && !sameText(theirs.resolve(schema), ours.resolve(own)))
      found.push(`parameter ${name} is ${typeOf(ours.resolve(own))}, not ${typeOf(theirs.resolve(schema))}`)
  }
  if (their.body !== undefined) {
    if (our.body === undefined) found.push('body is not read')
    else found.push(...schemaDifferences(theirs, their.body, ours, our.body, 'body', 0))
  }
  for (const [status, schema] of their.answers) {
    if (!our.answers.has(status)) found.push(`answer ${status} is missing`)
    else if (schema !== undefined) {
      const own = our.answers.get(status)
      if (own === undefined) found.push(`answer ${status} has no body`)
      else found.push(...schemaDifferences(theirs, schema, ours, own, `answer ${status}`, 0))
    }
  }
  return found
}

function schemaDifferences(
  theirs: Contract,
  their: Schema,
  ours: Contract,
  our: Schema,
  place: string,
  depth: number,
): string[] {
  const [left, right] = [flat(theirs, their), flat(ours, our)]
  if (isAnything(right) || isAnything(left)) return []
  const [leftType, rightType] = [typeOf(left), typeOf(right)]
  if (leftType !== rightType && !(leftType === 'number' && rightType === 'integer'))
    return [`${place} is ${rightType}, not ${leftType}`]
  if (depth > deepest) return []
  if (leftType === 'array')
    return schemaDifferences(theirs, left.items ?? {}, ours, right.items ?? {}, `${place}[]`, depth + 1)
  if (typeof left.additionalProperties === 'object' && typeof right.additionalProperties === 'object') {
    const [each, own] = [left.additionalProperties, right.additionalProperties]
    return schemaDifferences(theirs, each, ours, own, `${place}.*`, depth + 1)
  }
  return Object.entries(left.properties ?? {}).flatMap(([name, schema]) => {
    const own =
      right.properties?.[name] ??
      (typeof right.additionalProperties === 'object' ? right.additionalProperties : undefined)
    if (own === undefined) return [`${place}.${name} is missing`]
    return schemaDifferences(theirs, schema, ours, own, `${place}.${name}`, depth + 1)
  })
}

/** References followed, `allOf` put together, `null` taken out of unions. */
function flat(contract: Contract, schema: Schema): Schema {
  const resolved = contract.resolve(schema)
  if (resolved.allOf !== undefined) {
    const parts = resolved.allOf.map((part) => flat(contract, part))
    const properties = Object.assign({}, resolved.properties, ...parts.map((part) => part.properties ?? {}))
    return { type: 'object', properties }
  }
  const options = (resolved.anyOf ?? []).filter((option) => typeOf(contract.resolve(option)) !== 'null')
  return options.length === 1 ? flat(contract, options[0]!) : resolved
}

function isAnything(schema: Schema): boolean {
  return typeOf(schema) === 'any'
}

const plainTypes: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'boolean', 'null'])

function typeOf(schema: Schema): string {
  if (typeof schema.type === 'string') return schema.type
  // Several plain types at once are spelled out as one of several schemas.
  const spelledOut = schema.anyOf?.map(({ type }) => type)
  if (spelledOut?.every((type) => typeof type === 'string' && plainTypes.has(type)))
    return spelledOut.filter((type) => type !== 'null').join('|')
  if (Array.isArray(schema.type)) return schema.type.filter((type) => type !== 'null').join('|')
  if (schema.properties !== undefined) return 'object'
  if (schema.const !== undefined) return typeof schema.const
  return 'any'
}

function sameText(their: Schema, our: Schema): boolean {
  const [left, right] = [typeOf(their), typeOf(our)]
  const isTruth = left === 'boolean' && right === 'string' && /true/i.test(our.pattern ?? '')
  return left === right || right === 'any' || isTruth || (left === 'string' && right === 'integer')
}
