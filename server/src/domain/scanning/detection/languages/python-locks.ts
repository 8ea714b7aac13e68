import type { Analyser, PackageDraft } from '../analyser.ts'
import { textOf } from '../file-content.ts'
import { isTable, jsonOf, listAt, stringAt, type Table, tableAt } from '../formats/json.ts'
import { linesOf } from '../formats/paragraphs.ts'
import { tomlOf } from '../formats/toml.ts'
import { lockAnalyser, maxLockBytes, maxSlowLockBytes, whenDevelopment } from './lock-analyser.ts'

const pypi = (name: string, version: string, isDevelopment = false): PackageDraft => ({
  kind: 'pypi',
  name,
  version,
  ...whenDevelopment(isDevelopment),
})

/** Only lines that name one version: of ranges nobody knows what was installed. */
function requirements(text: string): PackageDraft[] {
  const found: PackageDraft[] = []
  for (const raw of linesOf(text)) {
    const line = raw.slice(0, 2_000).split('#')[0]!.split(';')[0]!.split(' --')[0]!

    const [, name, version] =
      /^\s{0,20}([\w.-]+)\s{0,20}(?:\[[^\]]*\])?\s{0,20}\(?={2,3}\s{0,20}([^\s,)\\]+)/.exec(line) ?? []
    if (name !== undefined && version !== undefined && !version.includes('*')) found.push(pypi(name, version))
  }
  return found
}

function pipenvPackages(json: unknown): PackageDraft[] {
  const of = (part: string, isDevelopment: boolean) =>
    Object.entries(tableAt(json, part)).map(([name, each]) =>
      pypi(name, stringAt(each, 'version').replace(/^={2,3}/, ''), isDevelopment),
    )
  return [...of('default', false), ...of('develop', true)]
}

function poetryPackages(lock: unknown): PackageDraft[] {
  return listAt(lock, 'package').map((each) => {
    const groups = listAt(each, 'groups')
    const isDevelopment = stringAt(each, 'category') === 'dev' || (groups.length > 0 && !groups.includes('main'))
    return pypi(stringAt(each, 'name'), stringAt(each, 'version'), isDevelopment)
  })
}

/** What the project itself needs is followed; the rest is for development. */
function uvPackages(lock: unknown): PackageDraft[] {
  const packages = listAt(lock, 'package')
  const byName = new Map<string, unknown[]>()
  for (const each of packages) byName.set(stringAt(each, 'name'), [...(byName.get(stringAt(each, 'name')) ?? []), each])
  const isProject = (each: unknown) =>
    ['virtual', 'editable', 'directory', 'workspace'].some((kind) => tableAt(each, 'source')[kind] !== undefined)
  const reached = new Set(packages.filter(isProject).map((each) => stringAt(each, 'name')))
  const hasProject = reached.size > 0
  const follow = (list: readonly unknown[]) => {
    for (const each of list) reached.add(stringAt(each, 'name'))
  }
  for (const name of reached) {
    for (const each of byName.get(name) ?? []) {
      follow(listAt(each, 'dependencies'))
      for (const extra of Object.values(tableAt(each, 'optional-dependencies')))
        follow(Array.isArray(extra) ? extra : [])
    }
  }
  return packages.map((each) => {
    const name = stringAt(each, 'name')
    return pypi(name, stringAt(each, 'version'), hasProject && !reached.has(name))
  })
}

export const pythonLocks: readonly Analyser[] = [
  lockAnalyser({
    name: 'pip-requirements',
    files: ['requirements.txt'],
    packages: (content) => requirements(utf16Aware(textOf(content, maxLockBytes))),
  }),
  lockAnalyser({
    name: 'pipenv-lock',
    files: ['Pipfile.lock'],
    packages: (content) => pipenvPackages(jsonOf(content, maxLockBytes)),
  }),
  lockAnalyser({
    name: 'poetry-lock',
    files: ['poetry.lock'],
    maxBytes: maxSlowLockBytes,
    packages: (content) => poetryPackages(tomlOf(content, maxSlowLockBytes)),
  }),
  lockAnalyser({
    name: 'uv-lock',
    files: ['uv.lock'],
    maxBytes: maxSlowLockBytes,
    packages: (content) => uvPackages(tomlOf(content, maxSlowLockBytes)),
  }),
  lockAnalyser({
    name: 'pylock',
    files: (name) => /^pylock(?:\.[^.]+)?\.toml$/.test(name),
    maxBytes: maxSlowLockBytes,
    packages: (content) =>
      listAt(tomlOf(content, maxSlowLockBytes), 'packages')
        .filter((each): each is Table => isTable(each))
        .map((each) => pypi(stringAt(each, 'name'), stringAt(each, 'version'))),
  }),
]

/** PowerShell writes UTF-16: every second character is then a NUL. */
const utf16Aware = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '') : text)
