import { z } from 'zod'
import { artifactTypeOf, parseManifest } from '#contract/manifest.ts'
import { isIndexMediaType } from '#contract/media-types.ts'
import { DomainError } from '../../../domain/errors.ts'
import { findInventory } from '../../../domain/scanning/kept-inventories.ts'
import { kindsOf, licencesOf, listPackages } from '../../../domain/scanning/listed-packages.ts'
import type { FoundPackage, Inventory } from '../../../domain/scanning/inventory.ts'
import { isScannable } from '../../../domain/scanning/scannable.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { pageHeaders, pageOf, pageQuery } from '../frame/paging.ts'
import { route, type Route } from '../frame/route.ts'
import { artifactParams, openManifest } from './artifacts.ts'

const packageAnswer = z.object({
  name: z.string(),
  version: z.string(),
  kind: z.string().describe('In the words of package URLs.'),
  purl: z.string(),
  licences: z.array(z.string()),
  path: z.string().describe('Where in the image it lies.'),
  layer: z.string().optional().describe('DiffID of the layer that brought it.'),
})

const countedAnswer = z.array(z.object({ name: z.string(), packages: z.number().int() }))

export const packageRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/packages',
    tag: 'artifact',
    operationId: 'listArtifactPackages',
    summary: 'What lies in an image: its packages with their licences, as the last scan or SBOM found them.',
    access: { kind: 'project', permission: 'artifact-addition:read' },
    params: artifactParams,
    query: z.object({
      ...pageQuery,
      text: z.string().max(200).optional().describe('Part of a name, a version or a package URL.'),
      kind: z.string().max(50).optional(),
      licence: z.string().max(200).optional().describe('One of `licences`; empty for packages that say none.'),
    }),
    answers: {
      200: z.object({
        known: z.boolean().describe('False while nothing looked into the image: then no package is listed.'),
        found_at: timeAnswer.optional(),
        os: z.object({ family: z.string(), version: z.string(), name: z.string() }).optional(),
        total: z.number().int().describe('Of all packages.'),
        kinds: countedAnswer,
        licences: countedAnswer.describe('Of all packages. The empty name counts those that say none.'),
        unread: z.array(z.object({ code: z.string(), where: z.string(), reason: z.string() })),
        packages: z.array(packageAnswer),
      }),
    },
    handle: async (call, services) => {
      const { manifest } = await openManifest(call, services)
      const artifactType = artifactTypeOf(parseManifest(manifest.bytes, manifest.mediaType)) ?? ''
      const isIndex = isIndexMediaType(manifest.mediaType)
      if (isIndex || !isScannable({ mediaType: manifest.mediaType, artifactType })) {
        const instead = isIndex ? 'ask for one of the images of this index' : 'this artifact is no image'
        throw new DomainError('BAD_REQUEST', `packages are those of an image; ${instead}`)
      }
      const kept = await findInventory(services, manifest.digest)
      const inventory = kept?.inventory ?? { packages: [], unread: [] }
      const { text, kind, licence } = call.query
      const { offset, limit } = pageOf(call.query)
      const wanted = listPackages(inventory, { text, kind, licence })
      const { os }: Pick<Inventory, 'os'> = inventory
      return {
        headers: pageHeaders(call, wanted.length),
        body: {
          known: kept !== undefined,
          ...(kept === undefined ? {} : { found_at: timeOf(kept.foundAt) }),
          ...(os === undefined ? {} : { os: { family: os.family, version: os.version, name: os.name } }),
          total: inventory.packages.length,
          kinds: kindsOf(inventory),
          licences: licencesOf(inventory),
          unread: inventory.unread,
          packages: wanted.slice(offset, offset + limit).map(presentPackage),
        },
      }
    },
  }),
]

function presentPackage({ name, version, kind, purl, licences, path, layer }: FoundPackage) {
  return { name, version, kind, purl, licences: [...licences], path, ...(layer === undefined ? {} : { layer }) }
}
