import { type Analyser, foldersOnly, type PackageDraft } from '../analyser.ts'
import { textOf } from '../file-content.ts'
import { linesOf } from '../formats/paragraphs.ts'
import { maxLockBytes } from './lock-analyser.ts'

interface GoModFile {
  readonly goVersion: string
  readonly requires: readonly { readonly path: string; readonly version: string; readonly isIndirect: boolean }[]
  readonly replaces: ReadonlyMap<string, { readonly path: string; readonly version: string }>
}

/** https://go.dev/ref/mod#go-mod-file: directives in lines, or in blocks of parentheses. */
function readGoMod(text: string): GoModFile {
  let goVersion = ''
  const requires: GoModFile['requires'][number][] = []
  const replaces = new Map<string, { path: string; version: string }>()
  let block = ''
  for (const raw of linesOf(text)) {
    const [code = '', comment = ''] = raw.slice(0, 4_000).split('//', 2)
    const words = code
      .trim()
      .split(/\s+/)
      .map((word) => word.replaceAll('"', ''))
    if (words[0] === ')') block = ''
    else if (words[1] === '(') block = words[0]!
    else {
      const [verb = '', ...rest] = block === '' ? words : [block, ...words]
      const [path = '', version = ''] = rest
      if (verb === 'go') goVersion = path
      else if (verb === 'require' && version !== '')
        requires.push({ path, version, isIndirect: comment.trim().startsWith('indirect') })
      else if (verb === 'replace') addReplacement(replaces, rest)
    }
  }
  return { goVersion, requires, replaces }
}

/** `old [version] => new [version]` */
function addReplacement(replaces: Map<string, { path: string; version: string }>, words: readonly string[]): void {
  const arrow = words.indexOf('=>')
  const [path = '', version = ''] = words.slice(arrow + 1)
  if (arrow > 0) replaces.set(words.slice(0, arrow).join('@'), { path, version })
}

function goModPackages({ requires, replaces }: GoModFile, isWhole: boolean): PackageDraft[] {
  return requires.flatMap(({ path, version, isIndirect }): PackageDraft[] => {
    if (isIndirect && !isWhole) return []
    const other = replaces.get(`${path}@${version}`) ?? replaces.get(path)
    // A folder has no version.
    if (other !== undefined)
      return other.version === '' ? [] : [{ kind: 'golang', name: other.path, version: other.version }]
    return [{ kind: 'golang', name: path, version }]
  })
}

/** Before Go 1.17 most indirect modules stand only in go.sum. */
function isWholeFile({ goVersion }: GoModFile): boolean {
  const [major = 0, minor = 0] = goVersion.split('.').map(Number)
  return major > 1 || minor >= 17
}

const goMod: Analyser = {
  name: 'go-mod',
  maxBytes: maxLockBytes,
  modes: foldersOnly,
  wants: ({ name }) => name === 'go.mod',
  read(content) {
    const file = readGoMod(textOf(content, maxLockBytes))
    const isWhole = isWholeFile(file)
    return { packages: goModPackages(file, isWhole), ...(isWhole ? {} : { incomplete: true }) }
  },
}

/** Lines `module version hash`, in order: of several versions the last one is the newest. */
const goSum: Analyser = {
  name: 'go-sum',
  maxBytes: maxLockBytes,
  modes: foldersOnly,
  wants: ({ name }) => name === 'go.sum',
  read(content) {
    const versions = new Map<string, string>()
    for (const line of linesOf(textOf(content, maxLockBytes))) {
      const [path = '', version = ''] = line.slice(0, 2_000).split(' ')
      if (path !== '' && version !== '') versions.set(path, version.replace(/\/go\.mod$/, ''))
    }
    const packages = [...versions].map(([name, version]): PackageDraft => ({ kind: 'golang', name, version }))
    return { packages, completes: 'go.mod' }
  },
}

export const goLocks: readonly Analyser[] = [goMod, goSum]
