import type { FoundPackage, Inventory } from '../../inventory.ts'
import type { BomOrigin, BomSubject } from './bom-subject.ts'
import { sayUnread } from './say-unread.ts'
import { isSpdxExpression, spdxIdentifier } from './spdx-licences.ts'

/** https://spdx.github.io/spdx-spec/v2.3, as JSON. */
export function writeSpdx(inventory: Inventory, subject: BomSubject, origin: BomOrigin): object {
  const texts = new Map<string, string>()
  const root = `SPDXRef-${subject.type === 'container' ? 'ContainerImage' : 'Application'}`
  const { os, packages } = inventory
  const system = os === undefined ? undefined : 'SPDXRef-OperatingSystem'
  const listed = packages.map((each, at) => packageOf(each, `SPDXRef-Package-${at + 1}`, texts))
  const relationship = (spdxElementId: string, relationshipType: string, relatedSpdxElement: string) => ({
    spdxElementId,
    relationshipType,
    relatedSpdxElement,
  })
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: subject.name,
    documentNamespace: `urn:uuid:${origin.uuid}`,
    creationInfo: {
      created: origin.created,
      creators: [`Tool: berth-${origin.toolVersion}`],
      ...(inventory.unread.length === 0 ? {} : { comment: sayUnread(inventory.unread) }),
    },
    packages: [
      {
        ...unknownFacts,
        SPDXID: root,
        name: subject.name,
        ...(subject.digest === undefined ? {} : { versionInfo: subject.digest }),
        ...checksumOf(subject.digest),
        primaryPackagePurpose: subject.type === 'container' ? 'CONTAINER' : 'APPLICATION',
        ...(subject.purl === undefined ? {} : { externalRefs: [purlReference(subject.purl)] }),
      },
      ...(os === undefined
        ? []
        : [
            {
              ...unknownFacts,
              SPDXID: system,
              name: os.family,
              versionInfo: os.version,
              summary: os.name,
              // As the schema of the JSON form has it; tags and values have a dash.
              primaryPackagePurpose: 'OPERATING_SYSTEM',
            },
          ]),
      ...listed,
    ],
    relationships: [
      relationship('SPDXRef-DOCUMENT', 'DESCRIBES', root),
      ...(system === undefined ? [] : [relationship(root, 'CONTAINS', system)]),
      ...packages.map((each, at) =>
        relationship(isOfSystem(each) ? (system ?? root) : root, 'CONTAINS', `SPDXRef-Package-${at + 1}`),
      ),
    ],
    ...(texts.size === 0
      ? {}
      : {
          hasExtractedLicensingInfos: [...texts].map(([text, licenseId]) => ({
            licenseId,
            name: text,
            extractedText: `The package says of its licence: ${text}`,
          })),
        }),
  }
}

const unknownFacts = {
  downloadLocation: 'NOASSERTION',
  filesAnalyzed: false,
  copyrightText: 'NOASSERTION',
  licenseConcluded: 'NOASSERTION',
  licenseDeclared: 'NOASSERTION',
}

const isOfSystem = ({ kind }: FoundPackage): boolean => kind === 'apk' || kind === 'deb' || kind === 'rpm'

const purlReference = (purl: string) => ({
  referenceCategory: 'PACKAGE-MANAGER',
  referenceType: 'purl',
  referenceLocator: purl,
})

function checksumOf(digest: string | undefined): object {
  const [, encoded] = /^sha256:([0-9a-f]{64})$/.exec(digest ?? '') ?? []
  return encoded === undefined ? {} : { checksums: [{ algorithm: 'SHA256', checksumValue: encoded }] }
}

function packageOf(found: FoundPackage, id: string, texts: Map<string, string>): object {
  const places = [
    isOfSystem(found) ? '' : `FilePath: ${found.path}`,
    found.layer === undefined ? '' : `LayerDiffID: ${found.layer}`,
  ]
  const attributionTexts = places.filter((each) => each !== '')
  return {
    ...unknownFacts,
    SPDXID: id,
    name: found.name,
    versionInfo: found.version,
    ...(found.vendor === undefined ? {} : { supplier: `Organization: ${found.vendor.replace(/[\r\n]+/g, ' ')}` }),
    licenseDeclared: declared(found.licences, texts),
    ...(isOfSystem(found)
      ? { sourceInfo: `built package from: ${found.sourceName ?? found.name} ${found.sourceVersion ?? found.version}` }
      : {}),
    primaryPackagePurpose: 'LIBRARY',
    externalRefs: [purlReference(found.purl)],
    ...(attributionTexts.length === 0 ? {} : { attributionTexts }),
  }
}

/** An expression of SPDX. A text that is none gets a reference of this document. */
function declared(licences: readonly string[], texts: Map<string, string>): string {
  if (licences.length === 0) return 'NOASSERTION'
  const parts = licences.map((each) => {
    const known = spdxIdentifier(each)
    if (known !== undefined) return known
    if (isSpdxExpression(each)) return licences.length === 1 ? each : `(${each})`
    const reference = texts.get(each) ?? `LicenseRef-berth-${texts.size + 1}`
    texts.set(each, reference)
    return reference
  })
  return parts.join(' AND ')
}
