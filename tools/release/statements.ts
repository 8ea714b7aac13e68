import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Inventory } from '#server/domain/scanning/inventory.ts'
import { readFolder } from '#server/domain/scanning/detection/inputs/folder.ts'
import { mergeLayers } from '#server/domain/scanning/detection/merge-layers.ts'
import { sbomOf } from '#server/domain/scanning/sboms/sbom-document.ts'
import { parseDigest } from '#contract/digest.ts'
import type { BaseSystem } from './base-files.ts'
import type { Descriptor } from './layout.ts'
import { root, type Source } from './source.ts'

export const cycloneDx = 'application/vnd.cyclonedx+json'
export const inToto = 'application/vnd.in-toto+json'

/** Every package that is in the executable, found in the lock file by the same code that scans images. */
export async function packagesOfProgram(): Promise<Inventory> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-sbom-'))
  try {
    mkdirSync(join(folder, 'berth'))
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(join(root, file), join(folder, 'berth', file))
    return mergeLayers([{ inventory: await readFolder(folder, { mode: 'folder', where: folder }) }])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** CycloneDX 1.6 about a manifest. */
export function sbomFor(manifest: Descriptor, inventory: Inventory, source: Source): Uint8Array {
  const digest = parseDigest(manifest.digest)
  if (digest === undefined) throw new Error(`${manifest.digest} is no digest`)
  return sbomOf(inventory, { host: undefined, repository: 'berth', digest, foundAt: source.epoch * 1000 }, 'cyclonedx')
}

/** What it was built of and how: SLSA Provenance v1.0 in an in-toto Statement v1. */
export function provenanceOf(
  subjects: readonly { readonly name: string; readonly sha256: string }[],
  source: Source,
  base: BaseSystem['packages'],
): Uint8Array {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://berth.invalid/release/v1',
        externalParameters: { version: source.version },
        resolvedDependencies: [
          ...(source.commit === undefined ? [] : [{ name: 'source', digest: { gitCommit: source.commit } }]),
          ...base.map(({ name, version, sha256 }) => ({
            name: `pkg:deb/debian/${name}@${version}`,
            digest: { sha256 },
          })),
        ],
      },
      runDetails: { builder: { id: 'https://berth.invalid/npm-run-release' } },
    },
  }
  return Buffer.from(JSON.stringify(statement))
}
