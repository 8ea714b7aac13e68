import { createHash } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import { version } from '../../../version.ts'
import { purlOfImage, type BomOrigin, type BomSubject } from '../detection/sbom/bom-subject.ts'
import { writeCycloneDx } from '../detection/sbom/write-cyclonedx.ts'
import { writeSpdx } from '../detection/sbom/write-spdx.ts'
import type { Inventory } from '../inventory.ts'
import type { SbomFormat } from './sbom-format.ts'

export interface DocumentedImage {
  /** Of this registry, where it is known. */
  readonly host: string | undefined
  readonly repository: string
  readonly digest: Digest
  /** When its packages were found (ms). */
  readonly foundAt: number
}

const writers: Readonly<Record<SbomFormat, (inventory: Inventory, subject: BomSubject, origin: BomOrigin) => object>> =
  { spdx: writeSpdx, cyclonedx: writeCycloneDx }

/** The bill of materials of an image. The same packages give the same bytes: what is asked for again is not stored again. */
export function sbomOf(inventory: Inventory, image: DocumentedImage, format: SbomFormat): Uint8Array {
  const { host, repository, digest } = image
  const purl = purlOfImage(repository, { host, digest })
  const subject: BomSubject = {
    name: `${host === undefined ? '' : `${host}/`}${repository}@${digest}`,
    type: 'container',
    digest,
    ...(purl === undefined ? {} : { purl }),
  }
  const created = `${new Date(image.foundAt).toISOString().slice(0, 19)}Z`
  const uuid = uuidOf(JSON.stringify([inventory, subject, created, format, version]))
  const document = writers[format](inventory, subject, { created, uuid, toolVersion: version })
  return new TextEncoder().encode(JSON.stringify(document))
}

/** A UUID of the content (RFC 9562, version 8). */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
