import type { Inventory, OperatingSystem } from '../../inventory.ts'
import { listAt, stringAt } from '../formats/json.ts'
import { linesOf } from '../formats/paragraphs.ts'
import { licencesFrom } from '../licences.ts'
import { familyOf } from '../systems/operating-system.ts'
import { inventoryFrom, type ListedPackage } from './listed-package.ts'

/** A package of SPDX 2.2 or 2.3, whichever form it was written in. */
interface SpdxPackage {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly purl: string
  readonly purpose: string
  readonly sourceInfo: string
  readonly licences: readonly string[]
  readonly attributions: readonly string[]
}

export const isSpdx = (json: unknown): boolean => stringAt(json, 'spdxVersion').startsWith('SPDX-2.')

/** https://spdx.github.io/spdx-spec/v2.3 */
export function readSpdx(document: unknown): Inventory {
  const extracted = new Map(
    listAt(document, 'hasExtractedLicensingInfos').map((each) => [stringAt(each, 'licenseId'), stringAt(each, 'name')]),
  )
  const licence = (written: string) => extracted.get(written) || written
  return fromPackages(
    listAt(document, 'packages').map((each) => ({
      id: stringAt(each, 'SPDXID'),
      name: stringAt(each, 'name'),
      version: stringAt(each, 'versionInfo'),
      purl:
        listAt(each, 'externalRefs')
          .filter((reference) => stringAt(reference, 'referenceType') === 'purl')
          .map((reference) => stringAt(reference, 'referenceLocator'))[0] ?? '',
      purpose: stringAt(each, 'primaryPackagePurpose'),
      sourceInfo: stringAt(each, 'sourceInfo'),
      licences: [licence(stringAt(each, 'licenseDeclared')), licence(stringAt(each, 'licenseConcluded'))],
      attributions: listAt(each, 'attributionTexts').filter((text) => typeof text === 'string'),
    })),
  )
}

/** The same in lines `Tag: value`. */
export function readSpdxTagValue(text: string): Inventory {
  const packages: SpdxPackage[] = []
  let fields: Map<string, string> | undefined
  let attributions: string[] = []
  const keep = () => {
    if (fields === undefined) return
    const field = (name: string) => fields?.get(name) ?? ''
    packages.push({
      id: field('SPDXID'),
      name: field('PackageName'),
      version: field('PackageVersion'),
      purl: field('purl'),
      purpose: field('PrimaryPackagePurpose'),
      sourceInfo: field('PackageSourceInfo'),
      licences: [field('PackageLicenseDeclared'), field('PackageLicenseConcluded')],
      attributions,
    })
  }
  for (const line of linesOf(text)) {
    const colon = line.indexOf(':')
    const [tag, value] = [line.slice(0, Math.max(0, colon)).trim(), line.slice(colon + 1).trim()]
    if (tag === 'PackageName') {
      keep()
      fields = new Map()
      attributions = []
    } else if (tag === 'FileName' || tag === 'SnippetSPDXID') {
      keep()
      fields = undefined
    }
    const purl = tag === 'ExternalRef' ? /^PACKAGE[-_]MANAGER\s+purl\s+(\S+)/.exec(value)?.[1] : undefined
    if (purl !== undefined) fields?.set('purl', purl)
    else if (tag === 'PackageAttributionText') attributions.push(value.replace(/^<text>|<\/text>$/g, ''))
    else if (tag !== '' && fields?.has(tag) === false) fields.set(tag, value)
  }
  keep()
  return fromPackages(packages)
}

function fromPackages(packages: readonly SpdxPackage[]): Inventory {
  const system = packages.find(
    ({ id, purpose }) => /^OPERATING[-_]SYSTEM$/.test(purpose) || id.startsWith('SPDXRef-OperatingSystem'),
  )
  return inventoryFrom(
    packages.filter(({ purl }) => purl !== '').map(asListed),
    system === undefined ? undefined : asSystem(system),
  )
}

const asSystem = ({ name, version }: SpdxPackage): OperatingSystem => ({
  family: familyOf(name),
  version,
  name: `${name} ${version}`.trim(),
})

function asListed({ purl, sourceInfo, licences, attributions }: SpdxPackage): ListedPackage {
  // `built package from: openssl 1:1.1.1-2`
  const [, sourceName, sourceVersion] = /^built package from: (\S+) (\S+)$/.exec(sourceInfo.slice(0, 1_000)) ?? []
  const layer = attributions.find((text) => text.startsWith('LayerDiffID: '))?.slice('LayerDiffID: '.length)
  const path = attributions.find((text) => text.startsWith('FilePath: '))?.slice('FilePath: '.length)
  return {
    purl,
    licences: licencesFrom(licences.filter((each) => each !== 'NOASSERTION' && each !== 'NONE')),
    ...(sourceName === undefined ? {} : { sourceName }),
    ...(sourceVersion === undefined ? {} : { sourceVersion }),
    ...(layer === undefined ? {} : { layer }),
    ...(path === undefined ? {} : { path }),
  }
}
