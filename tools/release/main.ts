// `npm run release`: everything by which Berth is installed, from one commit. The same commit gives the same bytes.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildChart } from './chart.ts'
import { buildExecutable, platforms, type Platform } from './executables.ts'
import { addImage, addIndex, dockerManifest, type BuiltImage } from './image.ts'
import { Layout, sha256 } from './layout.ts'
import { hasTool, runTool } from './run-tool.ts'
import { buildFolder, copySource, readSource, root } from './source.ts'
import { cycloneDx, inToto, packagesOfProgram, provenanceOf, sbomFor } from './statements.ts'
import { buildDeb, buildRpm } from './system-package.ts'

const kinds = ['executables', 'deb', 'rpm', 'image', 'chart'] as const
const usage = `npm run release -- [options]

Builds executables, packages, the container image and the chart of this commit, with checksums, bills of materials and provenance.

  --only <kinds>    of ${kinds.join(', ')}; comma-separated. Default: all
  --arch <names>    amd64, arm64. Default: both
  --macos           executables for macOS too
  --out <folder>    default: dist/release
  --dirty           although files differ from the commit
`
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: kinds.join(',') },
    arch: { type: 'string', default: 'amd64,arm64' },
    macos: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'dist', 'release') },
    dirty: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log(usage)
  process.exit(0)
}
try {
  await release()
} catch (error) {
  console.error(`release: ${(error as Error).message}`)
  process.exit(1)
}

async function release(): Promise<void> {
  const only = chosen(values.only, kinds)
  const archs = chosen(values.arch, ['amd64', 'arm64'] as const)
  const tools = { deb: 'dpkg-deb', rpm: 'rpmbuild', image: 'apt-get', executables: 'npm', chart: 'git' }
  const missing = only.filter((kind) => !hasTool(tools[kind]))
  if (missing.length > 0) {
    const list = missing.map((kind) => `${kind} needs ${tools[kind]}`).join(', ')
    throw new Error(`${list}. Install that, or name with --only what is to be built`)
  }
  const source = readSource(values.dirty)
  const out = resolve(values.out)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const wanted = platforms.filter(({ os, arch }) => (os === 'linux' ? archs.includes(arch) : values.macos))
  const built = only.some((kind) => kind !== 'chart') ? buildExecutables(wanted, out) : new Map<string, string>()

  if (only.includes('deb') || only.includes('rpm')) {
    const completions = readCompletions()
    for (const arch of archs) {
      const input = { source, arch, executable: built.get(`linux-${arch}`)!, completions, folder: out }
      if (only.includes('deb')) say(buildDeb(input))
      if (only.includes('rpm')) say(buildRpm(input))
    }
  }
  if (only.includes('image')) await buildImages(archs, built)
  if (only.includes('chart')) for (const file of await buildChart(source, out)) say(file)
  if (!only.includes('executables')) for (const file of built.values()) rmSync(file)
  for (const file of ['berth.example.yml', 'berth.service']) copyFileSync(join(root, 'deploy', file), join(out, file))
  writeFileSync(join(out, 'compose.yml'), composeOf(source.version))
  finish()

  function buildExecutables(each: readonly Platform[], folder: string): Map<string, string> {
    copySource(source)
    try {
      return new Map(
        each.map((platform) => {
          const file = buildExecutable(platform, folder)
          say(file)
          return [`${platform.os}-${platform.arch}`, file]
        }),
      )
    } finally {
      rmSync(buildFolder, { recursive: true, force: true })
    }
  }

  async function buildImages(of: readonly string[], executables: ReadonlyMap<string, string>): Promise<void> {
    const inventory = await packagesOfProgram()
    const all = new Layout()
    const images: BuiltImage[] = []
    for (const arch of of) {
      const executable = executables.get(`linux-${arch}`)!
      const single = new Layout()
      const image = await addImage(single, source, arch, executable)
      single.name(image.manifest, `berth:${source.version}`)
      const file = join(out, `berth-image-${source.version}-${arch}.tar`)
      await single.write(file, source.epoch, [dockerManifest(single, image, `berth:${source.version}`)])
      say(file)
      images.push(await addImage(all, source, arch, executable))
    }
    const index = addIndex(all, source, images)
    all.name(index, source.version)
    for (const { manifest, base } of images) {
      all.attach(manifest, cycloneDx, sbomFor(manifest, inventory, source))
      const subject = { name: 'berth', sha256: manifest.digest.slice('sha256:'.length) }
      all.attach(manifest, inToto, provenanceOf([subject], source, base))
    }
    const file = join(out, `berth-image-${source.version}.oci.tar`)
    await all.write(file, source.epoch)
    say(file)
    console.log(`  ${index.digest}`)
  }

  /** What is to be compared: `sha256sum -c SHA256SUMS`. */
  function finish(): void {
    const names = readdirSync(out).toSorted()
    const sums = names.map((name) => ({ name, sha256: sha256(readFileSync(join(out, name))) }))
    writeFileSync(join(out, 'provenance.json'), provenanceOf(sums, source, []))
    const all = [...sums, { name: 'provenance.json', sha256: sha256(readFileSync(join(out, 'provenance.json'))) }]
    writeFileSync(join(out, 'SHA256SUMS'), all.map(({ name, sha256: sum }) => `${sum}  ${name}\n`).join(''))
    console.log(`berth ${source.version}: ${out}`)
  }
}

function chosen<T extends string>(text: string, known: readonly T[]): readonly T[] {
  const words = text.split(',').map((word) => word.trim())
  const found = known.filter((each) => words.includes(each))
  if (found.length !== words.length) throw new Error(`${text}: choose among ${known.join(', ')}`)
  return found
}

/** The compose file of the repository builds the image; this one takes the one that was loaded or pushed. */
function composeOf(version: string): string {
  const text = readFileSync(join(root, 'deploy', 'compose.yml'), 'utf8')
  const image = `    image: \${BERTH_IMAGE:-berth:${version}}\n`
  const composed = text
    .replace(/^    build:\n(?:      .*\n)+/m, '')
    .replace(/^    image: berth\n/m, image)
    .replaceAll('deploy/compose.yml', 'compose.yml')
  if (!composed.includes(image) || composed.includes('build:')) throw new Error('deploy/compose.yml has another form')
  return composed
}

/** Printed by the program of this machine: they are text, the same on every platform. */
function readCompletions(): Readonly<Record<string, string>> {
  const print = (shell: string): string =>
    runTool([process.execPath, join(root, 'cli/src/main.ts'), 'completion', shell])
  return Object.fromEntries(['bash', 'zsh', 'fish'].map((shell) => [shell, print(shell)]))
}

function say(file: string): void {
  if (!existsSync(file)) throw new Error(`${file} was not built`)
  console.log(`  ${basename(file)} (${(statSync(file).size / 1024 / 1024).toFixed(1)} MiB)`)
}
