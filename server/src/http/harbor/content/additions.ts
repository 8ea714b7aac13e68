import { z } from 'zod'
import { readImageConfig } from '../../../domain/artifacts/image-config.ts'
import { readChartDependencies, readChartText } from '../../../domain/artifacts/chart.ts'
import type { StoredManifest } from '../../../domain/artifacts/pull.ts'
import type { Admission, Reading } from '../../../domain/access/admission.ts'
import { DomainError } from '../../../domain/errors.ts'
import { sbomFormats } from '../../../domain/scanning/sboms/sbom-format.ts'
import { artifactParams, openManifest } from './artifacts.ts'
import { answerSbom } from './sbom-addition.ts'
import { route, type Answer, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const path = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/{addition}'

export const additionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path,
    tag: 'artifact',
    operationId: 'getAddition',
    summary:
      'More about an artifact: the build history and the SBOM of an image; readme, values and dependencies of a chart.',
    access: { kind: 'project', permission: 'artifact-addition:read' },
    params: artifactParams.extend({ addition: z.string() }),
    query: z.object({
      format: z
        .enum(sbomFormats)
        .optional()
        .describe('Beyond Harbor, of the SBOM of an image: the form that is wanted.'),
    }),
    answers: { 200: z.unknown() },
    handle: async (call, services) => {
      const { addition } = call.params
      if (addition === 'sbom') return await answerSbom(call, services)
      const { admission, manifest } = await openManifest(call, services)
      const found = await readAddition(services, admission, manifest, addition)
      if (found !== undefined) return found
      throw new DomainError('BAD_REQUEST', `addition ${addition.slice(0, 100)} isn't supported for this artifact`)
    },
  }),
]

async function readAddition(
  { content: { blobs } }: HarborServices,
  admission: Admission<Reading>,
  manifest: StoredManifest,
  addition: string,
): Promise<Answer | undefined> {
  if (addition === 'build_history') {
    const config = await readImageConfig(blobs, admission, manifest)
    return config === undefined ? undefined : { body: config.history, headers: nosniff }
  }
  const chart = { blobs, admission, manifest }
  if (addition === 'dependencies') {
    const dependencies = await readChartDependencies(chart)
    return dependencies === undefined ? undefined : { body: dependencies, headers: nosniff }
  }
  const file = chartTexts.get(addition)
  const text = file === undefined ? undefined : await readChartText(chart, file.name)
  return file === undefined || text === undefined ? undefined : textAnswer(file.type, text)
}

const chartTexts = new Map([
  ['readme.md', { name: 'README.md', type: 'text/markdown' }],
  ['values.yaml', { name: 'values.yaml', type: 'text/plain' }],
])
const nosniff = { 'x-content-type-options': 'nosniff' }

/** What somebody pushed is shown as text and run as nothing. */
export function textAnswer(type: string, text: string): Response {
  const headers = { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': "default-src 'none'; sandbox" }
  return new Response(text, { headers: { ...headers, ...nosniff } })
}
