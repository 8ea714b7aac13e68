import { z } from 'zod'
import { mediaTypes } from '#contract/media-types.ts'
import { pageScanners, setDefaultScanner, setProjectScanner } from '../../../domain/scanning/scanner-registry.ts'
import { findScanner, findScannerOf, type Scanner } from '../../../domain/scanning/scanners.ts'
import { DomainError } from '../../../domain/errors.ts'
import { reportTypes } from '../content/scan-answer.ts'
import { builtInScanner } from '../content/scan-answer.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { listingOf } from '../frame/list-query.ts'
import { listQuery, pageAnswer } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const capabilities = z.object({ support_vulnerability: z.boolean(), support_sbom: z.boolean() })

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
})

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
    query: z.object(listQuery),
    answers: { 200: z.array(scannerAnswer) },
    handle: async (call, { database }) =>
      pageAnswer(call, await pageScanners(database.read, listingOf(call.query)), presentScanner),
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
      body: presentScanner(await getScanner(services, params.registration_id, 'scanner')),
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
      await getScanner(services, params.registration_id, 'registration')
      return { body: await builtInMetadata(services) }
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
    handle: async ({ project }, { database }) => {
      const found = await findScannerOf(database.read, project!.project.id)
      if (found === undefined) return {}
      const { name, vendor, version } = builtInScanner
      return { body: { ...presentScanner(found), health: 'healthy', adapter: name, vendor, version } }
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
    query: z.object(listQuery),
    answers: { 200: z.array(scannerAnswer) },
    handle: async (call, { database }) =>
      pageAnswer(call, await pageScanners(database.read, listingOf(call.query)), presentScanner),
  }),
]

async function getScanner({ database }: HarborServices, id: string, word: string): Promise<Scanner> {
  const found = await findScanner(database.read, id)
  if (found === undefined) throw new DomainError('SCANNER_UNKNOWN', `${word} ${id.slice(0, 100)} not found`)
  return found
}

function presentScanner(scanner: Scanner): z.output<typeof scannerAnswer> {
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
    ...(scanner.isBuiltIn ? { capabilities: { support_vulnerability: true, support_sbom: true } } : {}),
  }
}

const imageTypes = [mediaTypes.ociManifest, mediaTypes.dockerManifest]
/** Of the Pluggable Scanner API, for bills of materials. */
const sbomReportType = 'application/vnd.security.sbom.report+json; version=1.0'

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
