import { z } from 'zod'
import {
  addVexDocument,
  deleteVexDocument,
  listVexDocuments,
  type KeptVex,
} from '../../../domain/scanning/statements/vex-documents.ts'
import { createdAt, timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const ofProject = '/projects/{project_name_or_id}/vex'
const ofRegistry = '/system/vex'
const tag = 'vex'

const documentAnswer = z.object({
  id: z.number().int(),
  name: z.string(),
  format: z.string(),
  statements: z.number().int().describe('Those that can be compared with something.'),
  username: z.string(),
  create_time: timeAnswer,
})

const oneDocument = z.object({ vex_id: z.coerce.number().int().min(1) })
const newDocument = z.object({
  name: z.string().min(1).max(255),
  document: z.record(z.string(), z.unknown()).describe('OpenVEX, CSAF 2.0 or CycloneDX, as JSON.'),
})

/** Beyond Harbor: statements about vulnerabilities that do not concern the images of a project, or of the registry. */
export const vexRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: ofProject,
    tag,
    operationId: 'listProjectVex',
    summary: 'The VEX documents that a project was given, the newest first.',
    access: { kind: 'project', permission: 'scan:read' },
    answers: { 200: z.array(documentAnswer) },
    handle: async ({ project }, { database }) => ({
      body: (await listVexDocuments(database.read, project!.project)).map(presentDocument),
    }),
  }),

  route({
    method: 'POST',
    path: ofProject,
    tag,
    operationId: 'addProjectVex',
    summary: 'Gives a project a VEX document: what it rules out is no longer counted in the reports of its artifacts.',
    access: { kind: 'project', permission: 'project:update' },
    body: newDocument,
    answers: { 201: null },
    handle: async ({ actor, project, body, path }, services) => {
      const given = { name: body.name, text: JSON.stringify(body.document) }
      return createdAt(path, await addVexDocument(services, actor, project!.project, given))
    },
  }),

  route({
    method: 'DELETE',
    path: `${ofProject}/{vex_id}`,
    tag,
    operationId: 'deleteProjectVex',
    summary: 'Takes a VEX document from a project.',
    access: { kind: 'project', permission: 'project:update' },
    params: oneDocument,
    answers: { 200: null },
    handle: async ({ actor, project, params }, services) => {
      await deleteVexDocument(services, actor, project!.project, params.vex_id)
      return {}
    },
  }),

  route({
    method: 'GET',
    path: ofRegistry,
    tag,
    operationId: 'listRegistryVex',
    summary: 'The VEX documents that the registry was given, the newest first.',
    access: { kind: 'system', permission: 'scanner:read' },
    answers: { 200: z.array(documentAnswer) },
    handle: async (_call, { database }) => ({
      body: (await listVexDocuments(database.read, undefined)).map(presentDocument),
    }),
  }),

  route({
    method: 'POST',
    path: ofRegistry,
    tag,
    operationId: 'addRegistryVex',
    summary: 'Gives the registry a VEX document, for the reports of all artifacts.',
    access: { kind: 'system', permission: 'scanner:update' },
    body: newDocument,
    answers: { 201: null },
    handle: async ({ actor, body, path }, services) => {
      const given = { name: body.name, text: JSON.stringify(body.document) }
      return createdAt(path, await addVexDocument(services, actor, undefined, given))
    },
  }),

  route({
    method: 'DELETE',
    path: `${ofRegistry}/{vex_id}`,
    tag,
    operationId: 'deleteRegistryVex',
    summary: 'Takes a VEX document from the registry.',
    access: { kind: 'system', permission: 'scanner:update' },
    params: oneDocument,
    answers: { 200: null },
    handle: async ({ actor, params }, services) => {
      await deleteVexDocument(services, actor, undefined, params.vex_id)
      return {}
    },
  }),
]

function presentDocument({ createdAt: time, ...rest }: KeptVex): z.output<typeof documentAnswer> {
  return { ...rest, create_time: timeOf(time) }
}
