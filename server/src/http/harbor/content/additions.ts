import { z } from 'zod'
import { readImageConfig } from '../../../domain/artifacts/image-config.ts'
import { readChartFiles } from '../../../domain/artifacts/chart.ts'
import type { StoredManifest } from '../../../domain/artifacts/pull.ts'
import type { Admission } from '../../../domain/access/admission.ts'
import { DomainError } from '../../../domain/errors.ts'
import { artifactParams, openManifest } from './artifacts.ts'
import { route, type Answer, type Route } from '../frame/route.ts'
import type { HarborServices } from '../frame/services.ts'

const path = '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/additions/{addition}'

export const additionRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path,
    tag: 'artifact',
    operationId: 'getAddition',
    summary: 'More about an artifact: the build history of an image; readme, values and dependencies of a chart.',
    access: { kind: 'project', permission: 'artifact-addition:read' },
    params: artifactParams.extend({ addition: z.string() }),
    answers: { 200: z.unknown() },
    handle: async (call, services) => {
      const { addition } = call.params
      const { admission, manifest } = await openManifest(call, services)
      const found = await readAddition(services, admission, manifest, addition)
      if (found !== undefined) return found
      throw new DomainError('BAD_REQUEST', `this artifact has no addition ${addition.slice(0, 100)}`)
    },
  }),
]

async function readAddition(
  { content: { blobs } }: HarborServices,
  admission: Admission<'pull'>,
  manifest: StoredManifest,
  addition: string,
): Promise<Answer | undefined> {
  if (addition === 'build_history') {
    const config = await readImageConfig(blobs, admission, manifest)
    return config === undefined ? undefined : { body: config.history, headers: nosniff }
  }
  if (!chartAdditions.includes(addition)) return undefined
  const chart = await readChartFiles(blobs, admission, manifest)
  if (chart === undefined) return undefined
  if (addition === 'dependencies') return { body: chart.dependencies, headers: nosniff }
  return addition === 'readme.md'
    ? textAnswer('text/markdown', chart.readme ?? '')
    : textAnswer('text/plain', chart.values ?? '')
}

const chartAdditions = ['readme.md', 'values.yaml', 'dependencies']
const nosniff = { 'x-content-type-options': 'nosniff' }

/** What somebody pushed is shown as text and run as nothing. */
export function textAnswer(type: string, text: string): Response {
  const headers = { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': "default-src 'none'; sandbox" }
  return new Response(text, { headers: { ...headers, ...nosniff } })
}
