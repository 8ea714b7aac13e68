import { z } from 'zod'
import { mediaTypes } from '#contract/media-types.ts'
import { pageScanners, setDefaultScanner, setProjectScanner } from '../../../domain/scanning/scanner-registry.ts'
import { findScanner, findScannerOf, type Scanner } from '../../../domain/scanning/scanners.ts'
import { sbomReportType, supports } from '../../../clients/scanner/scanner-metadata.ts'
import type { ScannerMetadata } from '../../../clients/scanner/scanner-adapter.ts'
import type { ScannerFields } from '../../../domain/scanning/scanner-fields.ts'
import type { Condition, Listing } from '../../../domain/lists/listing.ts'
import { DomainError } from '../../../domain/errors.ts'
import { reportTypes } from '../content/scan-answer.ts'
import { builtInScanner } from '../content/scan-answer.ts'
import { createdAt, timeAnswer, timeOf } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const capabilities = z.object({ support_vulnerability: z.boolean().optional(), support_sbom: z.boolean().optional() })

const scannerAnswer = z.object({
  uuid: z.string(),
  name: z.string(),
  url: z.string(),
  description: z.string(),
  disabled: z.boolean(),
  is_default: z.boolean(),
  auth: z.string(),
  access_credential: z.string(),
  skip_certVerify: z.boolean(),
  use_internal_addr: z.boolean(),
  create_time: timeAnswer,
  update_time: timeAnswer,
  capabilities: capabilities.optional(),
  adapter: z.string().optional(),
  vendor: z.string().optional(),
  version: z.string().optional(),
  health: z.string().optional(),
  health_reason: z.string().optional().describe('Beyond Harbor: why it is unhealthy.'),
  built_in: z.boolean().optional().describe('Beyond Harbor: the engine of this registry, which cannot be changed.'),
})

const address = {
  name: z.string(),
  url: z.string(),
  auth: z.string().nullish(),
  access_credential: z.string().nullish(),
  skip_certVerify: z.boolean().nullish(),
}
const scannerBody = z.object({
  ...address,
  description: z.string().nullish(),
  use_internal_addr: z.boolean().nullish(),
  disabled: z.boolean().nullish(),
})
const pingBody = z.object({
  ...address,
  uuid: z
    .string()
    .optional()
    .describe('Beyond Harbor: of a known scanner, whose credential is used when none is given.'),
})
const scannerQuery = z.object({
  ...listQuery,
  name: z.string().optional(),
  description: z.string().optional(),
  url: z.string().optional(),
  ex_name: z.string().optional(),
  ex_url: z.string().optional(),
})

type ScannerAnswer = z.output<typeof scannerAnswer>

const metadataAnswer = z.object({
  scanner: z.object({ name: z.string(), vendor: z.string(), version: z.string() }),
  capabilities: z.array(
    z.object({ type: z.string(), consumes_mime_types: z.array(z.string()), produces_mime_types: z.array(z.string()) }),
  ),
  properties: z.record(z.string(), z.string()),
})

const oneScanner = z.object({ registration_id: z.string() })
const tag = 'scanner'

export const scannerRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/scanners',
    tag,
    operationId: 'listScanners',
    summary: 'Who scans: the engine of this registry, and adapters of the Pluggable Scanner API.',
    access: { kind: 'system', permission: 'scanner:list' },
    query: scannerQuery,
    answers: { 200: z.array(scannerAnswer) },
    handle: async (call, services) => {
      const { rows, total } = await pageScanners(services.database.read, listingWith(call.query))
      return pageAnswer(call, { rows: await presentScanners(services, rows), total }, (row) => row)
    },
  }),

  route({
    method: 'POST',
    path: '/scanners',
    tag,
    operationId: 'createScanner',
    summary: 'Makes an adapter known, if it answers and says of itself what it must.',
    access: { kind: 'system', permission: 'scanner:create' },
    body: scannerBody,
    answers: { 201: null },
    handle: async ({ actor, body, path }, { scannerRegistrations }) =>
      createdAt(path, await scannerRegistrations.create(actor, fieldsOf(body))),
  }),

  route({
    method: 'POST',
    path: '/scanners/ping',
    tag,
    operationId: 'pingScanner',
    summary: 'Tries an adapter: one that is not known yet, or a known one by its uuid.',
    access: { kind: 'system', permission: 'scanner:read' },
    body: pingBody,
    answers: { 200: null },
    handle: async ({ actor, body }, { scannerRegistrations }) => {
      await scannerRegistrations.ping(actor, fieldsOf(body), body.uuid)
      return {}
    },
  }),

  route({
    method: 'PUT',
    path: '/scanners/{registration_id}',
    tag,
    operationId: 'updateScanner',
    summary:
      'Replaces what is known of an adapter. What is left out becomes empty, but for a credential that is needed.',
    access: { kind: 'system', permission: 'scanner:update' },
    params: oneScanner,
    body: scannerBody,
    answers: { 200: null },
    handle: async ({ actor, params, body }, { scannerRegistrations }) => {
      await scannerRegistrations.update(actor, params.registration_id, fieldsOf(body))
      return {}
    },
  }),

  route({
    method: 'DELETE',
    path: '/scanners/{registration_id}',
    tag,
    operationId: 'deleteScanner',
    summary: 'Forgets an adapter, and answers with what was known of it. Its reports stay.',
    access: { kind: 'system', permission: 'scanner:delete' },
    params: oneScanner,
    answers: { 200: scannerAnswer },
    handle: async ({ actor, params }, { scannerRegistrations }) => ({
      body: presentScanner(await scannerRegistrations.delete(actor, params.registration_id)),
    }),
  }),

  route({
    method: 'GET',
    path: '/scanners/{registration_id}',
    tag,
    operationId: 'getScanner',
    summary: 'One scanner.',
    access: { kind: 'system', permission: 'scanner:read' },
    params: oneScanner,
    answers: { 200: scannerAnswer },
    handle: async ({ params }, services) => ({
      body: await presentWithHealth(services, await getScanner(services, params.registration_id, 'scanner')),
    }),
  }),

  route({
    method: 'PATCH',
    path: '/scanners/{registration_id}',
    tag,
    operationId: 'setScannerAsDefault',
    summary: 'Makes a scanner that of every project without one of its own.',
    access: { kind: 'system', permission: 'scanner:update' },
    params: oneScanner,
    body: z.object({ is_default: z.boolean().optional() }),
    answers: { 200: null },
    handle: async ({ actor, params, body }, services) => {
      if (body.is_default === true) await setDefaultScanner(services, actor, params.registration_id)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: '/scanners/{registration_id}/metadata',
    tag,
    operationId: 'getScannerMetadata',
    summary: 'What a scanner can do, and how old its data is.',
    access: { kind: 'system', permission: 'scanner:read' },
    params: oneScanner,
    answers: { 200: metadataAnswer },
    handle: async ({ params }, services) => {
      const scanner = await getScanner(services, params.registration_id, 'registration')
      if (scanner.isBuiltIn) return { body: await builtInMetadata(services) }
      const health = await services.scannerProbes.health(scanner)
      if (health.kind === 'healthy') return { body: presentMetadata(health.metadata) }
      throw new DomainError('SCANNER_UNREACHABLE', `the scanner ${scanner.name} cannot be used: ${health.reason}`)
    },
  }),

  route({
    method: 'GET',
    path: '/projects/{project_name_or_id}/scanner',
    tag: 'project',
    operationId: 'getScannerOfProject',
    summary: 'The scanner of a project: its own, or the default. Empty when there is none.',
    access: { kind: 'project', permission: 'scanner:read' },
    answers: { 200: scannerAnswer.nullable() },
    handle: async ({ project }, services) => {
      const found = await findScannerOf(services.database.read, project!.project.id)
      return found === undefined ? {} : { body: await presentWithHealth(services, found) }
    },
  }),

  route({
    method: 'PUT',
    path: '/projects/{project_name_or_id}/scanner',
    tag: 'project',
    operationId: 'setScannerOfProject',
    summary: 'Gives a project a scanner of its own. One that is not there stands for the default.',
    access: { kind: 'project', permission: 'scanner:create' },
    body: z.object({ uuid: z.string() }),
    answers: { 200: null },
    handle: async ({ actor, project, body }, services) => {
      await setProjectScanner(services, actor, project!.project, body.uuid)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: '/projects/{project_name_or_id}/scanner/candidates',
    tag: 'project',
    operationId: 'listScannerCandidatesOfProject',
    summary: 'The scanners that a project can choose from.',
    access: { kind: 'project', permission: 'scanner:create' },
    query: scannerQuery,
    answers: { 200: z.array(scannerAnswer) },
    handle: async (call, services) => {
      const { rows, total } = await pageScanners(services.database.read, listingWith(call.query))
      return pageAnswer(call, { rows: await presentScanners(services, rows), total }, (row) => row)
    },
  }),
]

const textFilters = ['name', 'description', 'url'] as const

/** `name`, `description` and `url` find what contains them, `ex_name` and `ex_url` what is equal. */
function listingWith(query: z.output<typeof scannerQuery>): Listing {
  const listing = listingOf(query)
  const fuzzy = textFilters.map((key) => ({ kind: 'fuzzy' as const, key, value: query[key] ?? '' }))
  const exact = [
    { kind: 'exact' as const, key: 'name', value: query.ex_name ?? '' },
    { kind: 'exact' as const, key: 'url', value: query.ex_url ?? '' },
  ]
  const asked: readonly Condition[] = [...fuzzy, ...exact].filter(({ value }) => value !== '')
  return { ...listing, conditions: [...(listing.conditions ?? []), ...asked] }
}

function fieldsOf(body: z.output<typeof scannerBody>): ScannerFields {
  return {
    name: body.name,
    url: body.url,
    description: body.description ?? '',
    auth: body.auth ?? '',
    credential: body.access_credential ?? '',
    skipsCertificateCheck: body.skip_certVerify === true,
    usesInternalAddress: body.use_internal_addr === true,
    disabled: body.disabled === true,
  }
}

/** How long a list waits for adapters that nobody has asked for a while. */
const patienceMs = 1_500

/** Adapters are asked all at once: one that is down hides nothing of the others. */
async function presentScanners(services: HarborServices, scanners: readonly Scanner[]): Promise<ScannerAnswer[]> {
  return await Promise.all(scanners.map((scanner) => presentWithHealth(services, scanner)))
}

async function presentWithHealth({ scannerProbes }: HarborServices, scanner: Scanner): Promise<ScannerAnswer> {
  const known = presentScanner(scanner)
  if (scanner.isBuiltIn) {
    const { name, vendor, version } = builtInScanner
    return { ...known, health: 'healthy', adapter: name, vendor, version }
  }
  const health = await scannerProbes.healthWithin(scanner, patienceMs)
  if (health === undefined) return { ...known, health: 'unhealthy', health_reason: 'it has not answered yet' }
  if (health.kind === 'unhealthy') return { ...known, health: 'unhealthy', health_reason: health.reason }
  const { name, vendor, version } = health.metadata.scanner
  return { ...known, capabilities: capabilitiesOf(health.metadata), health: 'healthy', adapter: name, vendor, version }
}

/** As Harbor has it: a type that the adapter does not name is missing, unless it names none at all. */
function capabilitiesOf(metadata: ScannerMetadata): z.output<typeof capabilities> {
  if (metadata.capabilities.every(({ isNamed }) => !isNamed))
    return { support_vulnerability: true, support_sbom: false }
  return {
    ...(supports(metadata, 'vulnerability') ? { support_vulnerability: true } : {}),
    ...(supports(metadata, 'sbom') ? { support_sbom: true } : {}),
  }
}

function presentMetadata({ scanner, capabilities: all, properties }: ScannerMetadata): z.output<typeof metadataAnswer> {
  return {
    scanner,
    capabilities: all.map(({ type, consumes, produces }) => ({
      type,
      consumes_mime_types: [...consumes],
      produces_mime_types: [...produces],
    })),
    properties: { ...properties },
  }
}

async function getScanner({ database }: HarborServices, id: string, word: string): Promise<Scanner> {
  const found = await findScanner(database.read, id)
  if (found === undefined) throw new DomainError('SCANNER_UNKNOWN', `${word} ${id.slice(0, 100)} not found`)
  return found
}

function presentScanner(scanner: Scanner): ScannerAnswer {
  return {
    uuid: scanner.id,
    name: scanner.name,
    url: scanner.url,
    description: scanner.description,
    disabled: scanner.disabled,
    is_default: scanner.isDefault,
    auth: scanner.auth,
    access_credential: '',
    skip_certVerify: scanner.skipsCertificateCheck,
    use_internal_addr: scanner.usesInternalAddress,
    create_time: timeOf(scanner.createdAt),
    update_time: timeOf(scanner.updatedAt),
    ...(scanner.isBuiltIn ? { built_in: true, capabilities: { support_vulnerability: true, support_sbom: true } } : {}),
  }
}

const imageTypes = [mediaTypes.ociManifest, mediaTypes.dockerManifest]

async function builtInMetadata({ advisories }: HarborServices): Promise<z.output<typeof metadataAnswer>> {
  const generation = (await advisories.list()).find(({ inUse }) => inUse)
  return {
    scanner: builtInScanner,
    capabilities: [
      {
        type: 'vulnerability',
        consumes_mime_types: [...imageTypes],
        produces_mime_types: [...reportTypes],
      },
      { type: 'sbom', consumes_mime_types: [...imageTypes], produces_mime_types: [sbomReportType] },
    ],
    properties: {
      'harbor.scanner-adapter/scanner-type': 'os-package-vulnerability',
      ...(generation === undefined
        ? {}
        : { 'harbor.scanner-adapter/vulnerability-database-updated-at': generation.dataTime }),
    },
  }
}
