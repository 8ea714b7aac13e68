import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { tryCommand } from '../harness/command.ts'
import { findClient } from '../harness/real-client.ts'

export const chartFolder = join(import.meta.dir, '..', '..', 'deploy', 'helm', 'berth')

/** Why charts cannot be rendered here; undefined when they can. */
export const helmMissing = findClient('helm') === undefined ? 'not on this machine: helm' : undefined

/** What was read from YAML or JSON of others, whose types these tests do not repeat. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Untyped = any

/** An object of Kubernetes as far as these tests look at it. */
export interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
  readonly spec?: Untyped
  readonly data?: Readonly<Record<string, string>>
}

export interface Rendered {
  readonly text: string
  readonly objects: readonly Manifest[]
  /** The only one of its kind. */
  only(kind: string): Manifest
  has(kind: string): boolean
}

export type Values = Readonly<Record<string, unknown>>

/** `helm template` with the values; helm's own words when it refuses. */
export async function tryRender(values: Values, flags: readonly string[] = []) {
  const command = [findClient('helm')!, 'template', 'registry', chartFolder, '--namespace', 'registry']
  return await tryCommand([...command, '--kube-version', '1.36.0', '--values', '-', ...flags], {
    stdin: JSON.stringify(values),
  })
}

/** @throws with helm's own words when it refuses */
export async function render(values: Values, flags: readonly string[] = []): Promise<Rendered> {
  const { code, stdout, stderr } = await tryRender(values, flags)
  if (code !== 0) throw new Error(`helm refuses: ${stderr}`)
  const objects = parseAllDocuments(stdout)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null)
  const ofKind = (kind: string) => objects.filter((object) => object.kind === kind)
  return {
    text: stdout,
    objects,
    has: (kind) => ofKind(kind).length > 0,
    only(kind) {
      const [object, ...more] = ofKind(kind)
      if (object === undefined || more.length > 0) throw new Error(`${1 + more.length} objects of the kind ${kind}`)
      return object
    },
  }
}

/** The settings of the chart's large form. */
export const large = {
  database: { kind: 'postgresql', postgresql: { existingSecret: 'database' } },
  storage: { kind: 's3', s3: { bucket: 'registry', endpoint: 'https://s3.example.com', existingSecret: 'bucket' } },
  secrets: { existingSecret: 'outer-key' },
  replicaCount: 3,
} as const
