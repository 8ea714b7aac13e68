import { Ajv, type ValidateFunction } from 'ajv'
import addFormats from 'ajv-formats'
import { expect } from 'bun:test'
import type { Contract, Schema } from './contract-documents.ts'

/** Paths that Harbor does not have; a wrong path anywhere else is a mistake of the test. */
const beyondHarbor = [
  // Of Harbor's older versions.
  '/projects/{project_name_or_id}/robots',
  '/projects/{project_name}/repositories/{repository_name}/tags/{tag_name}/history',
  '/projects/{project_name_or_id}/retention/preview',
  '/quotas/{id}/recount',
  '/robots/{robot_id}/trust-rules',
  '/certificates/',
  '/signers',
  '/signature-keys',
  '/projects/{project_name_or_id}/signature-keys',
  '/projects/{project_name_or_id}/signing-requests',
  '/projects/{project_name_or_id}/signers',
  '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/signature',
  '/roles',
  '/users/current/tokens',
  '/users/{user_id}/disabled',
  '/users/{user_id}/duty',
  '/users/{user_id}/identity',
  '/users/current/sessions',
  '/users/current/second_factor',
  '/users/current/passkeys',
  '/users/{user_id}/second_factor',
  '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/layers',
  '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/graph',
  '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/packages',
  '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/policies',
  '/jobs',
  '/events',
  '/system/scrub',
  '/system/audit-log',
  '/system/secrets',
  '/system/configuration',
  '/projects/{project_name_or_id}/trash',
  '/projects/{project_name_or_id}/webhook/policies/{webhook_policy_id}/',
  '/replication/policies/{id}/deletions',
  '/replication/executions/{id}/report',
  '/projects/{project_name_or_id}/policies',
  '/projects/{project_name_or_id}/policy-exemptions',
  '/projects/{project_name_or_id}/quarantine',
  '/projects/{project_name_or_id}/protected-tags',
  '/system/trash',
  '/system/vulnerability-data',
  '/system/vex',
  '/system/cve-allowlist',
  '/projects/{project_name_or_id}/cve-allowlist',
  '/projects/{project_name_or_id}/vex',
  '/batch',
  '/projects/{project_name_or_id}/batch',
  '/projects/{project_name}/batch',
  '/projects/{project_name}/repositories/{repository_name}/batch',
]

/** Compares answers with the schemas of Harbor's contract: no field may have another type than clients read. */
export class ContractValidation {
  readonly #contract: Contract
  readonly #validators = new Map<string, ValidateFunction>()

  constructor(contract: Contract) {
    this.#contract = contract
  }

  /** Fails when the answer has a status or a body that Harbor's contract has not for the operation. */
  expectAsInContract(operation: string, status: number, body: unknown): void {
    const known = this.#contract.operations.get(operation)
    if (known === undefined && beyondHarbor.some((path) => operation.includes(` ${path}`))) return
    if (known === undefined) throw new Error(`Harbor has no operation ${operation}`)
    expect([...known.answers.keys()]).toContain(String(status))
    const schema = known.answers.get(String(status))
    // Harbor describes the report as a string, and answers an object.
    if (schema === undefined || operation.endsWith('/additions/vulnerabilities')) return
    const key = `${operation} ${status}`
    const validate = this.#validators.get(key) ?? this.#compile(schema)
    this.#validators.set(key, validate)
    validate(body)
    expect({ operation, errors: validate.errors ?? [] }).toEqual({ operation, errors: [] })
  }

  #compile(schema: Schema): ValidateFunction {
    const ajv = new Ajv({ strict: false, allErrors: true })
    ;(addFormats as unknown as (to: Ajv) => void)(ajv)
    for (const format of ['int', 'int64', 'int32', 'uint64']) ajv.addFormat(format, true)
    return ajv.compile(this.#inline(schema, 0))
  }

  /** Swagger 2 says nullable in a word of its own; references are followed, down to where schemas repeat themselves. */
  #inline(schema: Schema, depth: number): object {
    if (depth > 8) return {}
    const { properties, items, additionalProperties, allOf, ...rest } = this.#contract.resolve(schema)
    const nullable = (rest as Record<string, unknown>)['x-nullable'] === true
    return {
      ...rest,
      ...(nullable && typeof rest.type === 'string' ? { type: [rest.type, 'null'] } : {}),
      ...(allOf === undefined ? {} : { allOf: allOf.map((part) => this.#inline(part, depth + 1)) }),
      ...(items === undefined ? {} : { items: this.#inline(items, depth + 1) }),
      // `{type: object}` stands for "anything" there: Harbor itself answers texts (extra_attrs), and its clients read them.
      ...(typeof additionalProperties === 'object' && !isAnything(additionalProperties)
        ? { additionalProperties: this.#inline(additionalProperties, depth + 1) }
        : {}),
      ...(properties === undefined
        ? {}
        : {
            properties: Object.fromEntries(
              Object.entries(properties).map(([name, part]) => [name, orNull(this.#inline(part, depth + 1))]),
            ),
          }),
    }
  }
}

/** Harbor writes an empty list inside an object as null, and its clients read that. */
const orNull = (schema: object): object =>
  (schema as Schema).type === 'array' ? { ...schema, type: ['array', 'null'] } : schema

const isAnything = (schema: Schema): boolean => schema.type === 'object' && Object.keys(schema).length === 1
