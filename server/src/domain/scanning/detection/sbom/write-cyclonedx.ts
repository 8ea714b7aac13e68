import type { FoundPackage, Inventory } from '../../inventory.ts'
import type { BomOrigin, BomSubject } from './bom-subject.ts'
import { sayUnread } from './say-unread.ts'
import { isSpdxExpression, spdxIdentifier } from './spdx-licences.ts'

/** https://cyclonedx.org/docs/1.6/json. Sources and places are written as Trivy writes them, so that it reads them. */
export function writeCycloneDx(inventory: Inventory, subject: BomSubject, origin: BomOrigin): object {
  const root = subject.purl ?? `berth:${subject.digest ?? origin.uuid}`
  const { os, packages } = inventory
  const references = referencesOf(packages)
  const system = os === undefined ? undefined : `berth:os:${os.family}`
  const systemPackages = packages.flatMap((each, at) => (isOfSystem(each) ? [references[at]!] : []))
  const others = packages.flatMap((each, at) => (isOfSystem(each) ? [] : [references[at]!]))
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${origin.uuid}`,
    version: 1,
    metadata: {
      timestamp: origin.created,
      ...(inventory.unread.length === 0
        ? {}
        : { properties: [{ name: 'berth:unread', value: sayUnread(inventory.unread) }] }),
      tools: { components: [{ type: 'application', name: 'berth', version: origin.toolVersion }] },
      component: {
        'bom-ref': root,
        type: subject.type,
        name: subject.name,
        ...(subject.purl === undefined ? {} : { purl: subject.purl }),
      },
    },
    components: [
      ...(os === undefined
        ? []
        : [
            { 'bom-ref': system, type: 'operating-system', name: os.family, version: os.version, description: os.name },
          ]),
      ...packages.map((each, at) => componentOf(each, references[at]!)),
    ],
    // What could not be read may hold more.
    ...(inventory.unread.length === 0 ? {} : { compositions: [{ aggregate: 'incomplete', assemblies: [root] }] }),
    dependencies: [
      { ref: root, dependsOn: [...(system === undefined ? systemPackages : [system]), ...others] },
      ...(system === undefined ? [] : [{ ref: system, dependsOn: systemPackages }]),
    ],
  }
}

const isOfSystem = ({ kind }: FoundPackage): boolean => kind === 'apk' || kind === 'deb' || kind === 'rpm'

/** A package stands at several places under one package URL; a reference may stand once. */
function referencesOf(packages: readonly FoundPackage[]): string[] {
  const counts = new Map<string, number>()
  return packages.map(({ purl }) => {
    const count = (counts.get(purl) ?? 0) + 1
    counts.set(purl, count)
    return count === 1 ? purl : `${purl}#${count}`
  })
}

function componentOf(found: FoundPackage, reference: string): object {
  const { group, name } = nameParts(found)
  const properties = propertiesOf(found)
  return {
    'bom-ref': reference,
    type: 'library',
    ...(group === '' ? {} : { group }),
    name,
    version: found.version,
    ...(found.vendor === undefined ? {} : { supplier: { name: found.vendor } }),
    ...(found.licences.length === 0 ? {} : { licenses: licencesOf(found.licences) }),
    purl: found.purl,
    ...(found.development === true ? { scope: 'excluded' } : {}),
    properties,
  }
}

function nameParts({ kind, name }: FoundPackage): { group: string; name: string } {
  const at = kind === 'maven' ? name.indexOf(':') : kind === 'npm' && name.startsWith('@') ? name.indexOf('/') : -1
  return at === -1 ? { group: '', name } : { group: name.slice(0, at), name: name.slice(at + 1) }
}

/** One expression, or a list of licences: the schema has no both. */
function licencesOf(licences: readonly string[]): object[] {
  const [first = ''] = licences
  if (licences.length === 1 && spdxIdentifier(first) === undefined && isSpdxExpression(first))
    return [{ expression: first }]
  return licences.map((each) => {
    const id = spdxIdentifier(each)
    return { license: id === undefined ? { name: each } : { id } }
  })
}

function propertiesOf(found: FoundPackage): object[] {
  const facts: [name: string, value: string | undefined][] = [
    ['FilePath', isOfSystem(found) ? undefined : found.path],
    ['LayerDiffID', found.layer],
    ['PkgType', found.kind],
  ]
  if (isOfSystem(found)) {
    const [, epoch, version = '', release] =
      /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/.exec(found.sourceVersion ?? found.version) ?? []
    facts.push(['SrcName', found.sourceName ?? found.name])
    if (found.kind === 'apk') facts.push(['SrcVersion', found.sourceVersion ?? found.version])
    else facts.push(['SrcVersion', version], ['SrcRelease', release], ['SrcEpoch', epoch])
  }
  return facts.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [{ name: `aquasecurity:trivy:${name}`, value }],
  )
}
