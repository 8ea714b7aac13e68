import { type Analyser, bothModes, type PackageDraft } from '../analyser.ts'
import { textOf } from '../file-content.ts'
import { jsonOf, stringAt, tableAt } from '../formats/json.ts'
import { readXml, type XmlElement } from '../formats/xml.ts'
import { lockAnalyser, maxLockBytes, maxSlowLockBytes, whenDevelopment } from './lock-analyser.ts'

const nuget = (name: string, version: string, isDevelopment = false): PackageDraft => ({
  kind: 'nuget',
  name,
  version,
  ...whenDevelopment(isDevelopment),
})

function lockPackages(json: unknown): PackageDraft[] {
  return Object.values(tableAt(json, 'dependencies')).flatMap((framework) =>
    Object.entries(tableAt({ framework }, 'framework'))
      .filter(([, each]) => stringAt(each, 'type') !== 'Project')
      .map(([name, each]) => nuget(name, stringAt(each, 'resolved'))),
  )
}

/** `packages.config`: what Visual Studio wrote before 2017. */
const configPackages = (text: string): PackageDraft[] =>
  [...elementsOf(readXml(text))]
    .filter(({ name }) => name === 'package')
    .map(({ attributes }) =>
      nuget(
        attributes.get('id') ?? '',
        attributes.get('version') ?? '',
        attributes.get('developmentDependency') === 'true',
      ),
    )

/** Versions that all projects of a folder share. What names a variable is no version. */
const propsPackages = (text: string): PackageDraft[] =>
  [...elementsOf(readXml(text))]
    .filter(({ name }) => /^(?:PackageVersion|PackageReference|GlobalPackageReference)$/.test(name))
    .map(({ attributes }) =>
      nuget(attributes.get('Include') ?? attributes.get('Update') ?? '', attributes.get('Version') ?? ''),
    )
    .filter(({ name, version }) => !`${name}${version}`.includes('$(') && !version.includes('*'))

function* elementsOf(root: XmlElement): Generator<XmlElement, void> {
  const waiting = [root]
  for (let element = waiting.pop(); element !== undefined; element = waiting.pop()) {
    yield element
    waiting.push(...element.children)
  }
}

/** Of these nothing else in an image tells, so they count there too. */
export const dotnetLocks: readonly Analyser[] = [
  lockAnalyser({
    name: 'nuget-lock',
    files: ['packages.lock.json'],
    modes: bothModes,
    packages: (content) => lockPackages(jsonOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'nuget-config',
    files: ['packages.config'],
    modes: bothModes,
    maxBytes: maxSlowLockBytes,
    packages: (content) => configPackages(textOf(content, maxSlowLockBytes)),
  }),
  lockAnalyser({
    name: 'nuget-props',
    files: (name) => /^(?:directory\.)?packages\.props$/i.test(name),
    modes: bothModes,
    maxBytes: maxSlowLockBytes,
    packages: (content) => propsPackages(textOf(content, maxSlowLockBytes)),
  }),
]
