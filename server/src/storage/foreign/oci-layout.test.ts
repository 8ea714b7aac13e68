import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Digest } from '#contract/digest.ts'
import { layoutFolderOf, OciLayoutSource, OciLayoutWriter } from './oci-layout.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-layouts-'))
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

test('repositories called like the parts of a layout lie beside each other, and come back under their names', async () => {
  const digest = `sha256:${'ab'.repeat(32)}` as Digest
  const names = [
    'team/app/blobs',
    `team/app/blobs/sha256/${'ab'.repeat(32)}`,
    'team/app/index.json',
    'team/app/index.json.part',
    'team/app/oci-layout',
    'team/app',
  ]
  for (const name of names) {
    const layout = await OciLayoutWriter.create(join(folder, layoutFolderOf(name)))
    await layout.addManifest({ digest, bytes: new TextEncoder().encode(name) })
    const entry = { mediaType: 'application/json', digest, sizeBytes: name.length }
    await layout.addEntry({ ...entry, artifactType: undefined, tag: undefined })
    await layout.finish()
  }
  const source = new OciLayoutSource(folder, undefined)
  const found = new Map<string, string>()
  for await (const name of source.walkRepositories()) {
    expect(await Array.fromAsync(source.walkManifests(name))).toEqual([digest])
    const manifest = await source.findManifest(name, digest, 1_000)
    if (manifest !== undefined && 'bytes' in manifest) found.set(name, new TextDecoder().decode(manifest.bytes))
  }
  expect([...found].sort()).toEqual(names.map((name) => [name, name] as [string, string]).sort())
})
