import type { RegistryUnderTest } from '../harness/registry.ts'
import { findHarborContract } from './contract-documents.ts'
import { ContractValidation } from './contract-validation.ts'

export interface Credential {
  readonly username: string
  readonly password: string
}

export interface ApiAnswer<Body> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

const contract = findHarborContract()
const validation = contract === undefined ? undefined : new ContractValidation(contract)

/** Whether answers are compared with Harbor's contract; where it is not, tests say so. */
export const isContractThere = contract !== undefined

/** Speaks Harbor's API in somebody's name; every success is compared with Harbor's contract. */
export class ApiClient {
  readonly #registry: RegistryUnderTest
  readonly #credential: Credential | 'anonymous'

  constructor(registry: RegistryUnderTest, credential: Credential | 'anonymous' = registry) {
    this.#registry = registry
    this.#credential = credential
  }

  /**
   * `operation` as in the contract, `POST /robots/{robot_id}`; `params` fill its path.
   * A refusal is an answer like any other.
   */
  async call<Body = unknown>(
    operation: string,
    {
      params = {},
      query = '',
      body,
    }: { params?: Record<string, string | number>; query?: string; body?: unknown } = {},
  ): Promise<ApiAnswer<Body>> {
    const [method = '', path = ''] = operation.split(' ')
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name] ?? '')))
    const answer = await fetch(`${this.#registry.url}/api/v2.0${filled}${query === '' ? '' : `?${query}`}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(this.#credential === 'anonymous' ? {} : { authorization: basicOf(this.#credential) }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const parsed: unknown = text === '' ? undefined : JSON.parse(text)
    if (answer.status < 300) validation?.expectAsInContract(operation, answer.status, parsed)
    return { status: answer.status, headers: answer.headers, body: parsed as Body }
  }
}

export function basicOf({ username, password }: Credential): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
