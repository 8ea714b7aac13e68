import { describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { packTar } from 'modern-tar'
import { ContractError } from '#contract/contract-error.ts'
import { parseManifest } from '#contract/manifest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { longestTurn } from '#server-test/longest-turn.ts'
import { composeRegistryForTest, digestOf, system, type RegistryForTest } from '#server-test/registry-for-test.ts'
import { DomainError } from '../errors.ts'
import { chartConfigMediaType, readChartDependencies, readChartText } from './chart.ts'
import { readImageConfig } from './image-config.ts'
import { readLayers } from './layers.ts'

/** What a turn of the event loop may take while somebody reads what somebody else pushed. */
const maxTurnMs = 50

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const many = (count: number, write: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => write(at)).join()
const nested = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth)

/** As values of a field, so that each parser of JSON meets them where it looks. */
const jsonBombs: Readonly<Record<string, string>> = {
  'arrays, deep': nested(250_000, '[', ']'),
  'objects, deep': `${'{"a":'.repeat(80_000)}1${'}'.repeat(80_000)}`,
  'arrays, not closed': '['.repeat(500_000),
  'a list, wide': `[${many(200_000, () => '0')}]`,
  'objects, wide': `[${many(50_000, (at) => `{"a":${at}}`)}]`,
  'many keys': `{${many(40_000, (at) => `"k${at}":""`)}}`,
  'one key twice, last of many': `{${many(40_000, (at) => `"k${at}":""`)},"k0":1}`,
  'one long text': `"${'x'.repeat(500_000)}"`,
  'a long text of escapes': `"${'\\u0041'.repeat(80_000)}"`,
  'a long text of backslashes, not closed': `"${'\\'.repeat(500_001)}`,
  'a number of many digits': `1${'0'.repeat(500_000)}`,
  'a fraction of many digits': `0.${'1'.repeat(500_000)}e-9`,
  'characters of three bytes': `"${'€'.repeat(160_000)}"`,
  'half a surrogate pair': '"\\udc00"',
  'the prototype of all objects': `{"__proto__":${nested(20, '{"__proto__":', '}').replace('}', '1}')}}`,
  spaces: `${' '.repeat(500_000)}1`,
  'objects where texts are expected': `[${many(500, () => '{"created_by":{"toString":1},"created":[],"empty_layer":"x"}')}]`,
}

const yamlBombs: Readonly<Record<string, string>> = {
  'ten thousand keys': Array.from({ length: 10_000 }, (_, at) => `k${at}: 1`).join('\n'),
  'keys within the budget of bytes': Array.from({ length: 7_000 }, (_, at) => `k${at}: 1`).join('\n'),
  'a long list': `dependencies: [${many(5_000, (at) => `{name: a${at}}`)}]`,
  'sequences, deep': `dependencies: ${nested(30_000, '[', ']')}`,
  'mappings, deep': `dependencies: ${nested(15_000, '{a: ', '}')}`,
  'blocks, deep': Array.from({ length: 300 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
  'aliases that multiply': `a: &a [x,x]\n${Array.from({ length: 30 }, (_, at) => `b${at}: &b${at} [*a,*a]`).join('\n')}\ndependencies: [*b1]`,
  'many anchors': Array.from({ length: 4_000 }, (_, at) => `a${at}: &a${at} x`).join('\n'),
  'merge keys': `a: &a {x: 1}\n${'<<: *a\n'.repeat(5_000)}`,
  'one long text': `a: "${'x'.repeat(65_000)}"`,
  'a long text of escapes': `a: "${'\\u0041'.repeat(10_000)}"`,
  'complex keys': '? [a, b]\n: c\n'.repeat(4_000),
  questions: '? '.repeat(30_000),
  dashes: '- '.repeat(30_000),
  'many documents': '---\na: 1\n'.repeat(6_000),
  tags: '!!str '.repeat(10_000),
  'a number of many digits': `version: 1${'0'.repeat(60_000)}`,
  'binary that is none': `a: !!binary ${'*'.repeat(60_000)}`,
  comments: '# x\n'.repeat(15_000),
  'an object that is no text':
    'dependencies:\n- name: {toString: 1}\n- version: [1]\n- 5\n- ~\n- repository: {valueOf: x}\n',
  'one MiB': `a: "${'x'.repeat(1_000_000)}"`,
}

/** What a parser may answer: something, or a refusal with a sentence; anything else is an error of ours. */
async function outcomeOf(work: () => unknown): Promise<'read' | 'refused'> {
  try {
    JSON.stringify(await work())
    return 'read'
  } catch (error) {
    if (error instanceof DomainError && error.code === 'BAD_REQUEST') return 'refused'
    if (error instanceof ContractError) return 'refused'
    throw error
  }
}

async function expectShortTurns(work: () => unknown): Promise<'read' | 'refused'> {
  const { ms, result } = await longestTurn(() => outcomeOf(work))
  expect(ms).toBeLessThan(maxTurnMs)
  return result
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const name = 'library/bombs' as RepositoryName

async function manifestOf(registry: RegistryForTest, config: [string, Uint8Array], layer?: [string, Uint8Array]) {
  const described = await Promise.all(
    [config, ...(layer === undefined ? [] : [layer])].map(async ([mediaType, bytes]) => ({
      mediaType,
      digest: await registry.pushBlob(name, bytes),
      size: bytes.length,
    })),
  )
  const [first, ...layers] = described
  const bytes = bytesOf(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: first, layers }))
  return { bytes, mediaType: manifestType }
}

describe('manifests that are bombs', () => {
  const begin = `{"schemaVersion":2,"mediaType":"${manifestType}","layers":[],"config":`
  const config = `{"mediaType":"a/b","size":2,"digest":"${digestOf(bytesOf('{}'))}"}`
  test.each(Object.entries(jsonBombs))('keep nobody waiting: %s', async (_, bomb) => {
    for (const text of [
      `${begin}${bomb}}`,
      `${begin}${config},"annotations":${bomb}}`,
      `${begin}${config},"x":${bomb}}`,
      bomb,
    ])
      await expectShortTurns(() => parseManifest(bytesOf(text), manifestType))
  })
})

describeEachDatabase('content that is a bomb', (open, dialect) => {
  if (dialect !== 'sqlite') return

  test.each(Object.entries(jsonBombs))('keeps nobody waiting as the config of an image: %s', async (_, bomb) => {
    const registry = await composeRegistryForTest(await open())
    for (const text of [`{"history":${bomb}}`, `{"config":${bomb}}`, `{"author":${bomb},"os":${bomb}}`, bomb]) {
      const manifest = await manifestOf(registry, ['application/vnd.oci.image.config.v1+json', bytesOf(text)])
      const admission = await registry.admit(system, 'pull', name)
      await expectShortTurns(() => readImageConfig(registry.blobs, admission, manifest))
      await expectShortTurns(() => readLayers(registry.blobs, admission, manifest))
    }
  })

  const chartOf = async (files: Readonly<Record<string, string>>) => {
    const registry = await composeRegistryForTest(await open())
    const archive = await packTar(
      Object.entries(files).map(([file, body]) => ({
        header: { name: `app/${file}`, size: Buffer.byteLength(body) },
        body,
      })),
    )
    const layer = ['application/vnd.cncf.helm.chart.content.v1.tar+gzip', gzipSync(archive)] as [string, Uint8Array]
    const manifest = await manifestOf(registry, [chartConfigMediaType, bytesOf('{}')], layer)
    return { blobs: registry.blobs, admission: await registry.admit(system, 'pull', name), manifest }
  }

  test.each(Object.entries(yamlBombs))(
    'keeps nobody waiting as a file of a chart: %s',
    async (_, bomb) => {
      for (const file of ['Chart.yaml', 'requirements.yaml']) {
        const chart = await chartOf({ [file]: bomb, 'README.md': 'hello', 'values.yaml': bomb })
        await expectShortTurns(() => readChartDependencies(chart))
        // Neither needs the file that is the bomb.
        expect(await expectShortTurns(() => readChartText(chart, 'README.md'))).toBe('read')
      }
    },
    60_000,
  )

  test('gives of a dependency what is text in it', async () => {
    const chart = await chartOf({ 'Chart.yaml': yamlBombs['an object that is no text']! })
    const none = { name: '', version: '', repository: '' }
    expect(await readChartDependencies(chart)).toEqual([none, none, none, none, none])
    const numbers = await chartOf({ 'Chart.yaml': 'dependencies: [{name: a, version: 1.5, repository: "https://x"}]' })
    expect(await readChartDependencies(numbers)).toEqual([{ name: 'a', version: '1.5', repository: 'https://x' }])
  })

  test('is a chart of many files, or one that unpacks to gigabytes, and keeps nobody waiting', async () => {
    const files = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`templates/${at}.yaml`, 'x']))
    const chart = await chartOf({ ...files, 'Chart.yaml': 'name: app' })
    expect(await expectShortTurns(() => readChartText(chart, 'README.md'))).toBe('read')
    const large = await chartOf({ 'templates/a': '\0'.repeat(80 << 20), 'README.md': 'x' })
    expect(await expectShortTurns(() => readChartText(large, 'README.md'))).toBe('refused')
  }, 60_000)
})
