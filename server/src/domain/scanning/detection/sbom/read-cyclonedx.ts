import type { Inventory, OperatingSystem } from '../../inventory.ts'
import { listAt, stringAt, tableAt } from '../formats/json.ts'
import { licencesFrom } from '../licences.ts'
import { familyOf } from '../systems/operating-system.ts'
import { inventoryFrom, type ListedPackage } from './listed-package.ts'

export const isCycloneDx = (json: unknown): boolean => stringAt(json, 'bomFormat') === 'CycloneDX'

/** https://cyclonedx.org/docs/1.6/json: components, which may have components. */
export function readCycloneDx(bom: unknown): Inventory {
  const listed: ListedPackage[] = []
  let system: OperatingSystem | undefined
  const waiting = [...listAt(bom, 'components')].reverse()
  for (let component = waiting.pop(); component !== undefined; component = waiting.pop()) {
    for (const inner of listAt(component, 'components')) waiting.push(inner)
    if (stringAt(component, 'type') === 'operating-system') system ??= systemOf(component)
    else if (stringAt(component, 'purl') !== '') listed.push(asListed(component))
  }
  return inventoryFrom(listed, system)
}

function systemOf(component: unknown): OperatingSystem {
  const [name, version] = [stringAt(component, 'name'), stringAt(component, 'version')]
  return { family: familyOf(name), version, name: `${name} ${version}`.trim() }
}

function asListed(component: unknown): ListedPackage {
  // Trivy's own facts, which it writes for itself to read.
  const facts = new Map<string, string>()
  for (const each of listAt(component, 'properties')) facts.set(stringAt(each, 'name'), stringAt(each, 'value'))
  const fact = (name: string) => facts.get(`aquasecurity:trivy:${name}`) ?? ''
  const location = facts.get('syft:location:0:path') ?? ''
  const [epoch, version, release] = [fact('SrcEpoch'), fact('SrcVersion'), fact('SrcRelease')]
  const sourceVersion =
    version === ''
      ? ''
      : `${epoch === '' || epoch === '0' ? '' : `${epoch}:`}${version}${release === '' ? '' : `-${release}`}`
  const path = fact('FilePath') || location.slice(location.startsWith('/') ? 1 : 0)
  const layer = fact('LayerDiffID') || (facts.get('syft:location:0:layerID') ?? '')
  return {
    purl: stringAt(component, 'purl'),
    licences: licencesFrom(listAt(component, 'licenses').map(licenceOf)),
    ...(fact('SrcName') === '' ? {} : { sourceName: fact('SrcName') }),
    ...(sourceVersion === '' ? {} : { sourceVersion }),
    ...(path === '' ? {} : { path }),
    ...(layer === '' ? {} : { layer }),
  }
}

function licenceOf(each: unknown): string {
  const licence = tableAt(each, 'license')
  return stringAt(each, 'expression') || stringAt(licence, 'id') || stringAt(licence, 'name')
}
