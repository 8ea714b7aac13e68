// The console and the documentation as one file, web/dist/console.pack: built when their sources changed, about half a second.
//   bun tools/build-console.mjs [--release] [--watch]
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, statSync, watch, writeFileSync } from 'node:fs'
import { dirname, extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import compileText from 'icu-minify/compile'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { docsFiles } from './docs/pack.ts'
import { docsStyles } from './docs/styles.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, 'web', 'src')
const output = join(root, 'web', 'dist')
const mantine = join(root, 'node_modules', '@mantine')

const types = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.html': 'text/html; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.json': 'application/json',
}

/**
 * Builds the console when something of it changed. Safe beside itself: what is there is replaced by a rename.
 * `release` builds in any case and takes the time that the smallest files need.
 * @param {{ release?: boolean }} options
 */
export async function buildConsole({ release = false } = {}) {
  const fingerprint = fingerprintOfSources()
  const known = join(output, 'fingerprint')
  const pack = join(output, 'console.pack')
  if (!release && existsSync(pack) && existsSync(known) && readFileSync(known, 'utf8') === fingerprint) {
    return { built: false, pack }
  }
  const built = await bundle()
  mkdirSync(output, { recursive: true })
  replaceFile(pack, packOf(built.files, release))
  replaceFile(join(output, 'sizes.json'), `${JSON.stringify(sizesOf(built), undefined, 2)}\n`)
  replaceFile(known, fingerprint)
  return { built: true, pack }
}

/** Names, sizes and times of everything that the result is made of. */
function fingerprintOfSources() {
  const hash = createHash('sha256')
  const folders = [source, join(root, 'contract', 'src'), join(root, 'docs'), join(root, 'tools', 'docs')]
  const pages = readdirSync(root).filter((name) => name.endsWith('.md'))
  const files = [...folders.flatMap(filesBelow), ...[...pages, 'bench/RESULTS.md'].map((page) => join(root, page))]
  for (const file of [...files, join(root, 'package-lock.json'), fileURLToPath(import.meta.url)].toSorted()) {
    const { size, mtimeMs } = statSync(file)
    hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

async function bundle() {
  const result = await Bun.build({
    entrypoints: ['main.tsx', 'theme/before-first-paint.ts', 'docs/docs.ts'].map((file) => join(source, file)),
    target: 'browser',
    format: 'esm',
    splitting: true,
    minify: true,
    metafile: true,
    naming: { entry: '[name]-[hash].[ext]', chunk: 'chunk-[hash].[ext]', asset: '[name]-[hash].[ext]' },
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [compiledMessages],
    throw: false,
  })
  if (!result.success) {
    for (const message of result.logs) console.error(message)
    throw new Error('the console could not be built')
  }
  const files = new Map()
  const own = { css: '' }
  for (const artifact of result.outputs) {
    const name = artifact.path.replace(/^\.\//, '')
    // One style sheet for the whole console: Bun puts the styles of lazy pages into that of the entry as well.
    if (name.endsWith('.css')) own.css = name.startsWith('main-') ? await artifact.text() : own.css
    else files.set(`/assets/${name}`, Buffer.from(await artifact.arrayBuffer()))
  }
  const outputs = new Map(
    Object.entries(result.metafile.outputs).map(([path, facts]) => [`/assets/${path.replace(/^\.\//, '')}`, facts]),
  )
  const outputOf = (source) => [...outputs].find(([, { entryPoint }]) => entryPoint?.endsWith(source))[0]
  const entry = outputOf('web/src/main.tsx')
  const first = outputOf('web/src/theme/before-first-paint.ts')
  const css = hashed('styles', '.css', mantineStyles(result.metafile) + own.css)
  files.set(css.name, css.bytes)
  const icon = hashed('berth', '.svg', readFileSync(join(source, 'theme', 'berth.svg'), 'utf8'))
  files.set(icon.name, icon.bytes)
  const docs = hashed('docs', '.css', docsStyles())
  files.set(docs.name, docs.bytes)
  const script = outputOf('web/src/docs/docs.ts')
  for (const [name, bytes] of docsFiles({ styles: docs.name, icon: icon.name, first, script })) files.set(name, bytes)
  const preloads = staticImports(entry, outputs)
  // What a page loads after the entry, for theme/before-first-paint.ts, which asks for it at once.
  const later = (source) => {
    const name = outputOf(source)
    return [name, ...staticImports(name, outputs)].filter((each) => each !== entry && !preloads.includes(each))
  }
  const bundles = ['administration', 'browse', 'entrance', 'profile', 'project', 'start']
  const parts = Object.fromEntries([
    ...['en', 'zh-CN'].map((language) => [language, later(`web/src/i18n/${language}/index.ts`)]),
    ...bundles.map((bundle) => [bundle, later(`web/src/pages/bundles/${bundle}.ts`)]),
  ])
  const page = readFileSync(join(source, 'index.html'), 'utf8')
    .replaceAll('%STYLES%', css.name)
    .replaceAll('%ICON%', icon.name)
    .replaceAll('%FIRST%', first)
    .replaceAll('%ENTRY%', entry)
    .replaceAll('%PARTS%', JSON.stringify(parts).replaceAll('"', '&quot;'))
    .replace('%PRELOADS%', preloads.map((name) => `<link rel="modulepreload" href="${name}" />`).join('\n    '))
  files.set('/index.html', Buffer.from(page))
  return { files, first: ['/index.html', css.name, icon.name, first, entry, ...preloads], outputs }
}

/**
 * Texts are parsed here and not in the browser, which then needs no parser: a tenth of what it would load first.
 * @type {import('bun').BunPlugin}
 */
const compiledMessages = {
  name: 'compiled-messages',
  setup(build) {
    build.onLoad({ filter: /\/web\/src\/i18n\/(en|zh-CN)\/(?!index)[\w-]+\.ts$/ }, async ({ path }) => {
      // With its time: a watcher loads the same file again and again.
      const catalogues = await import(`${path}?${statSync(path).mtimeMs}`)
      const lines = Object.entries(catalogues).map(
        ([name, texts]) => `export const ${name} = ${JSON.stringify(compileTexts(texts))}`,
      )
      return { contents: lines.join('\n'), loader: 'js' }
    })
    build.onResolve({ filter: /^use-intl\/format-message$/ }, () => ({
      path: fileURLToPath(import.meta.resolve('use-intl/format-message/format-only')),
    }))
  },
}

function compileTexts(texts) {
  return typeof texts === 'string'
    ? compileText(texts)
    : Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, compileTexts(value)]))
}

/** Chunks that the entry cannot start without. */
function staticImports(entry, outputs, found = new Set()) {
  for (const { path, kind } of outputs.get(entry)?.imports ?? []) {
    const name = `/assets/${path.replace(/^\.\//, '')}`
    if (kind !== 'import-statement' || found.has(name) || !outputs.has(name)) continue
    found.add(name)
    staticImports(name, outputs, found)
  }
  return [...found]
}

/**
 * The styles of those components of Mantine that are in the bundle, as Mantine made them: Bun's own CSS printer would
 * translate them for browsers that we do not serve, to one and a half times the size. What we
 * say comes after them.
 */
function mantineStyles(metafile) {
  const used = new Set()
  const packages = new Set()
  // The files of the result. The inputs also name files that were looked at and left out.
  const included = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  for (const path of included) {
    if (path.includes('@mantine/core/')) for (const folder of path.split('/')) used.add(folder)
    const name = /@mantine\/([^/]+)\//.exec(path)?.[1]
    if (name !== undefined && name !== 'core') packages.add(name)
  }
  const whole = readFileSync(join(mantine, 'core', 'styles.css'), 'utf8')
  const components = readdirSync(join(mantine, 'core', 'styles'))
    .filter((file) => /^[A-Za-z-]+\.css$/.test(file))
    .filter(
      (file) => /^(baseline|global|default-css-variables)\.css$/.test(file) || used.has(file.slice(0, -'.css'.length)),
    )
    .map((file) => readFileSync(join(mantine, 'core', 'styles', file), 'utf8').trim())
    // In the order in which Mantine puts them: some mean to override others.
    .toSorted((one, other) => whole.indexOf(one) - whole.indexOf(other))
  const others = [...packages]
    .map((name) => join(mantine, name, 'styles.css'))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
  return `${[...components, ...others].join('\n')}\n`
}

function hashed(name, extension, text) {
  const bytes = Buffer.from(text)
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10)
  return { name: `/assets/${name}-${hash}${extension}`, bytes }
}

const compress = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes, { level: 9 }),
  br: (bytes, release) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: release ? 11 : 6 } }),
}

/** Length of the index as four bytes, the index as JSON, then the bytes that it points to. */
function packOf(files, release) {
  const index = {}
  const parts = []
  let offset = 0
  for (const [name, bytes] of [...files].toSorted(([one], [other]) => (one < other ? -1 : 1))) {
    const encodings = {}
    for (const [encoding, pack] of Object.entries(compress)) {
      // The page gets a nonce into it each time, so it goes as it is.
      if (name === '/index.html' && encoding !== 'identity') continue
      // Every browser takes gzip, on plain HTTP too; the rare other client waits while it is unpacked.
      if (name.startsWith('/docs/') && encoding !== 'gzip') continue
      const packed = pack(bytes, release)
      encodings[encoding] = [offset, packed.byteLength]
      parts.push(packed)
      offset += packed.byteLength
    }
    const etag = createHash('sha256').update(bytes).digest('hex').slice(0, 20)
    index[name] = { type: types[extname(name)], etag, encodings }
  }
  const head = Buffer.from(JSON.stringify(index))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(head.byteLength)
  return Buffer.concat([length, head, ...parts])
}

/** The bytes that a browser loads, for the check of the budget and for a look at their parts. */
function sizesOf({ files, first, outputs }) {
  const measure = (name) => ({
    name,
    bytes: files.get(name).byteLength,
    gzip: compress.gzip(files.get(name)).byteLength,
    br: compress.br(files.get(name)).byteLength,
    ...(outputs.get(name)?.entryPoint === undefined ? {} : { of: outputs.get(name).entryPoint }),
  })
  return {
    first: first.map(measure),
    later: [...files.keys()].filter((name) => name.startsWith('/assets/') && !first.includes(name)).map(measure),
  }
}

function replaceFile(path, content) {
  const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  writeFileSync(temporary, content)
  renameSync(temporary, path)
}

async function main() {
  const startedAt = performance.now()
  const { built } = await buildConsole({ release: process.argv.includes('--release') })
  if (built) console.error(`berth: the console was built in ${Math.round(performance.now() - startedAt)} ms`)
  if (!process.argv.includes('--watch')) return
  console.error('berth: watching web/src; reload the page after a change')
  let waiting
  watch(source, { recursive: true }, () => {
    clearTimeout(waiting)
    waiting = setTimeout(() => main().catch((error) => console.error(error.message)), 100)
  })
  process.argv.splice(process.argv.indexOf('--watch'), 1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
