import type { Analyser, PackageDraft } from '../analyser.ts'
import { textOf } from '../file-content.ts'
import { jsonOf, listAt, stringAt } from '../formats/json.ts'
import { linesOf } from '../formats/paragraphs.ts'
import { childOf, childrenOf, childText, readXml, type XmlElement } from '../formats/xml.ts'
import { licencesFrom } from '../licences.ts'
import { lockAnalyser, maxLockBytes, maxSlowLockBytes, whenDevelopment } from './lock-analyser.ts'

/** `group:artifact:version=configurations` */
function gradlePackages(text: string): PackageDraft[] {
  const found: PackageDraft[] = []
  for (const line of linesOf(text)) {
    const [, group, artifact, version, configurations = ''] =
      /^([^\s#:=]+):([^\s:=]+):([^\s:=]+)=(.*)$/.exec(line.slice(0, 10_000)) ?? []
    if (group === undefined) continue
    const isTest = configurations !== '' && configurations.split(',').every((each) => each.trim().startsWith('test'))
    found.push({ kind: 'maven', name: `${group}:${artifact}`, version: version!, ...whenDevelopment(isTest) })
  }
  return found
}

function sbtPackages(json: unknown): PackageDraft[] {
  return listAt(json, 'dependencies').map((each): PackageDraft => {
    const configurations = listAt(each, 'configurations')
    const isRun =
      configurations.length === 0 || configurations.some((name) => ['compile', 'runtime'].includes(String(name)))
    return {
      kind: 'maven',
      name: `${stringAt(each, 'org')}:${stringAt(each, 'name')}`,
      version: stringAt(each, 'version'),
      ...whenDevelopment(!isRun),
    }
  })
}

const maxPropertyDepth = 10

/** What one pom says by itself: its parents and what its dependencies need lie in repositories elsewhere. */
function pomPackages(text: string): PackageDraft[] {
  const project = readXml(text)
  if (project.name !== 'project') return []
  const parent = childOf(project, 'parent')
  const own = (name: string) => childText(project, name) || childText(parent, name)
  const properties = new Map<string, string>()
  for (const name of ['groupId', 'artifactId', 'version']) {
    for (const prefix of ['project.', 'pom.', '']) properties.set(prefix + name, own(name))
    properties.set(`project.parent.${name}`, childText(parent, name))
    properties.set(`parent.${name}`, childText(parent, name))
  }
  for (const each of childOf(project, 'properties')?.children ?? []) properties.set(each.name, each.text)
  const value = (written: string) => interpolated(written, properties)
  const dependencies = (of: XmlElement | undefined) => childrenOf(childOf(of, 'dependencies'), 'dependency')
  const nameOf = (each: XmlElement) => `${value(childText(each, 'groupId'))}:${value(childText(each, 'artifactId'))}`
  const managed = new Map(dependencies(childOf(project, 'dependencyManagement')).map((each) => [nameOf(each), each]))

  const packages = dependencies(project).map((each): PackageDraft => {
    const rule = managed.get(nameOf(each))
    const version = value(childText(each, 'version') || childText(rule, 'version'))
    const scope = childText(each, 'scope') || childText(rule, 'scope') || 'compile'
    const isRun = scope === 'compile' || scope === 'runtime'
    return { kind: 'maven', name: nameOf(each), version: exactVersion(version), ...whenDevelopment(!isRun) }
  })
  const licences = licencesFrom(
    childrenOf(childOf(project, 'licenses'), 'license').map((each) => childText(each, 'name')),
  )
  return [
    { kind: 'maven', name: `${own('groupId')}:${own('artifactId')}`, version: value(own('version')), licences },
    ...packages,
  ]
}

function interpolated(written: string, properties: ReadonlyMap<string, string>): string {
  let text = written.slice(0, 1_000)
  for (let round = 0; round < maxPropertyDepth && text.includes('${'); round++) {
    text = text.replace(/\$\{([^${}]+)\}/g, (whole, name: string) => properties.get(name) ?? whole).slice(0, 1_000)
  }
  return text
}

/** `[1.0]` is a version; other ranges and what could not be resolved are none. */
function exactVersion(version: string): string {
  const exact = /^\[([^,\]]+)\]$/.exec(version)?.[1] ?? version
  return /[[\](),$]/.test(exact) ? '' : exact
}

export const javaBuilds: readonly Analyser[] = [
  lockAnalyser({
    name: 'maven-pom',
    files: ['pom.xml'],
    maxBytes: maxSlowLockBytes,
    packages: (content) => pomPackages(textOf(content, maxSlowLockBytes)),
  }),
  lockAnalyser({
    name: 'gradle-lock',
    files: (name) => name.endsWith('gradle.lockfile'),
    packages: (content) => gradlePackages(textOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'sbt-lock',
    files: ['build.sbt.lock'],
    packages: (content) => sbtPackages(jsonOf(content, maxLockBytes)),
  }),
]
