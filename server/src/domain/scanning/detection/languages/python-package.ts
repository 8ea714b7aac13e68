import { type Analyser, bothModes, type FileFacts, imagesOnly } from '../analyser.ts'
import { contentOf, type FileContent, textOf } from '../file-content.ts'
import { paragraphsOf } from '../formats/paragraphs.ts'
import { openZip } from '../formats/zip.ts'
import { licencesFrom } from '../licences.ts'

const mib = 1024 * 1024
/** Long descriptions stand in the same file. */
const maxBytes = 16 * mib

/** An installed package of Python: its metadata in a folder `.dist-info` or `.egg-info`, or in a file of that name. */
export const pythonPackageAnalyser: Analyser = {
  name: 'python-package',
  maxBytes,
  modes: imagesOnly,
  wants: ({ path, name }) =>
    (name === 'METADATA' && (path.endsWith('.dist-info/METADATA') || path.endsWith('.egg-info/METADATA'))) ||
    path.endsWith('.egg-info/PKG-INFO') ||
    path.endsWith('EGG-INFO/PKG-INFO') ||
    name.endsWith('.egg-info'),
  read: (content) => metadataOf(content),
}

/** A package in a zip: the oldest form. */
export const pythonEggAnalyser: Analyser = {
  name: 'python-egg',
  maxBytes: 256 * mib,
  modes: bothModes,
  wants: ({ name }) => name.endsWith('.egg'),
  read(content, { limits }) {
    const zip = openZip(content, limits)
    const entry = zip.entries.find(({ name }) => name.endsWith('EGG-INFO/PKG-INFO'))
    return entry === undefined ? undefined : metadataOf(contentOf(zip.read(entry, maxBytes)))
  },
}

function metadataOf(content: FileContent): FileFacts | undefined {
  const text = textOf(content, maxBytes)
  const [fields = new Map<string, string>()] = paragraphsOf(text)
  const [name, version] = [fields.get('name') ?? '', fields.get('version') ?? '']
  if (name === '' || version === '') return undefined
  return { packages: [{ kind: 'pypi', name, version, licences: licencesOf(fields, text) }] }
}

/** PEP 639's expression, else the classifiers, else the text. */
function licencesOf(fields: ReadonlyMap<string, string>, text: string): string[] {
  const expression = fields.get('license-expression')
  if (expression !== undefined) return licencesFrom(expression)
  const head = text.slice(0, 64 * 1024)
  const classifiers = [...head.matchAll(/^Classifier: License :: ([^\n]*)$/gm)]
    .map(([, classifier = '']) => classifier.trim().split(' :: ').at(-1)!)
    .filter((each) => each !== 'OSI Approved')
  return classifiers.length > 0 ? licencesFrom(classifiers) : licencesFrom((fields.get('license') ?? '').split('\n')[0])
}
