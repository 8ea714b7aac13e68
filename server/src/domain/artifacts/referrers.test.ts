import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { mediaTypes } from '#contract/media-types.ts'
import type { TagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import { describeEachDatabase, type OpenDatabase } from '../../../test/databases.ts'
import { composeRegistryForTest, system } from '../../../test/registry-for-test.ts'
import { pushManifest } from './push.ts'
import { listReferrers, type ReferrersQuery } from './referrers.ts'
import { Events } from '../events/events.ts'

const name = 'library/app' as RepositoryName
const subject = `sha256:${'0'.repeat(64)}` as Digest
const wholeList: ReferrersQuery = { size: 1000, maxBytes: 1_000_000, last: undefined, artifactType: undefined }

interface Pushed {
  readonly digest: Digest
  readonly size: number
}

/** Indexes without children: manifests that need no blobs. */
async function compose(open: OpenDatabase) {
  const registry = await composeRegistryForTest(await open())
  const { database, clock, admit, manifests } = registry

  const push = async (fields: Record<string, unknown>, tags: string[] = []): Promise<Pushed> => {
    const text = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [], ...fields })
    const bytes = new TextEncoder().encode(text)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
    await pushManifest({ ...registry, events: new Events({ clock }) }, await admit(system, 'push', name), {
      reference: { kind: 'digest', digest },
      tags: tags as TagName[],
      manifest: parseManifest(bytes, mediaTypes.ociIndex),
      bytes,
    })
    return { digest, size: bytes.byteLength }
  }

  return {
    push,
    pushReferrer: (artifactType: string, annotations: Record<string, string>) =>
      push({ artifactType, annotations, subject: { mediaType: mediaTypes.ociIndex, digest: subject, size: 1 } }),
    pushFallbackTag: (entries: readonly (Pushed & { artifactType: string })[]) =>
      push({ manifests: entries.map((entry) => ({ mediaType: mediaTypes.ociIndex, ...entry })) }, [
        subject.replace(':', '-'),
      ]),
    list: async (query: Partial<ReferrersQuery> = {}) =>
      await listReferrers({ database, manifests }, await admit(system, 'pull', name), subject, {
        ...wholeList,
        ...query,
      }),
    /** Every page to the end. */
    async walk(query: Partial<ReferrersQuery>) {
      const pages = []
      let last: string | undefined
      do {
        const page = await this.list({ ...query, last })
        pages.push(page.descriptors)
        last = page.next
      } while (last !== undefined)
      return pages
    },
  }
}

const digestsOf = (pages: readonly (readonly { digest: string }[])[]): string[] =>
  pages.flat().map(({ digest }) => digest)

describeEachDatabase('referrers of a manifest', (open) => {
  test('a page ends before it has too many bytes, and the next one goes on there', async () => {
    const registry = await compose(open)
    const pushed: string[] = []
    for (let at = 0; at < 12; at += 1) {
      pushed.push((await registry.pushReferrer('x/big', { at: String(at), text: 'é'.repeat(20_000) })).digest)
    }
    const pages = await registry.walk({ maxBytes: 100_000 })
    expect(digestsOf(pages)).toEqual(pushed.toSorted())
    expect(pages.length).toBe(6)
    for (const page of pages) expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(100_000)
    expect(pages.flat().every(({ annotations }) => annotations?.['text']?.length === 20_000)).toBe(true)
  })

  test('one that is larger than a page alone has a page to itself', async () => {
    const registry = await compose(open)
    const pushed: string[] = []
    for (const letter of ['a', 'b', 'c']) {
      pushed.push((await registry.pushReferrer('x/big', { text: letter.repeat(50_000) })).digest)
    }
    const pages = await registry.walk({ maxBytes: 1_000 })
    expect(pages.map((page) => page.length)).toEqual([1, 1, 1])
    expect(digestsOf(pages)).toEqual(pushed.toSorted())
  })

  test('those of the fallback tag stand among the others, each once, page by page', async () => {
    const registry = await compose(open)
    const [known, listed] = [[] as (Pushed & { artifactType: string })[], [] as (Pushed & { artifactType: string })[]]
    for (let at = 0; at < 10; at += 1) {
      known.push({ ...(await registry.pushReferrer('x/a', { at: String(at) })), artifactType: 'x/a' })
      listed.push({ ...(await registry.push({ annotations: { only: String(at) } })), artifactType: 'x/b' })
    }
    await registry.pushFallbackTag([...known, ...listed])
    const all = [...known, ...listed].map(({ digest }) => digest).toSorted()
    for (const size of [1, 3, 20, 1000]) {
      const pages = await registry.walk({ size })
      expect(pages.every((page) => page.length <= size)).toBe(true)
      expect(digestsOf(pages)).toEqual(all)
    }
    const ofType = digestsOf(await registry.walk({ size: 3, artifactType: 'x/b' }))
    expect(ofType).toEqual(listed.map(({ digest }) => digest).toSorted())
  })

  test('what cosign names by the digest stands among the others, each once, with its own type', async () => {
    const registry = await compose(open)
    const tagOf = (suffix: string) => `${subject.replace(':', '-')}.${suffix}`
    const known = await registry.pushReferrer('x/a', { at: '1' })
    const named = []
    for (const suffix of ['sig', 'att', 'sbom'])
      named.push(await registry.push({ artifactType: `x/${suffix}`, annotations: { suffix } }, [tagOf(suffix)]))
    await registry.push({ annotations: { is: 'no accessory' } }, [tagOf('other')])
    await registry.push({ annotations: { of: 'another' } }, [`sha256-${'1'.repeat(64)}.sig`])
    // One that says itself whose it is, and has the tag too.
    const both = { artifactType: 'x/both', subject: { mediaType: mediaTypes.ociIndex, digest: subject, size: 1 } }
    await registry.pushFallbackTag(named.slice(1).map((entry) => ({ ...entry, artifactType: 'x/false' })))
    for (const size of [1, 2, 1000])
      expect(digestsOf(await registry.walk({ size }))).toEqual([known, ...named].map(({ digest }) => digest).toSorted())
    const [signature] = (await registry.list({ artifactType: 'x/sig' })).descriptors
    expect(signature).toEqual({
      mediaType: mediaTypes.ociIndex,
      digest: named[0]!.digest,
      size: named[0]!.size,
      artifactType: 'x/sig',
      annotations: { suffix: 'sig' },
    })
    expect((await registry.list({ artifactType: 'x/false' })).descriptors).toEqual([])
    const replaced = await registry.push(both, [tagOf('sig')])
    expect(digestsOf([(await registry.list()).descriptors])).toEqual(
      [known, replaced, ...named.slice(1)].map(({ digest }) => digest).toSorted(),
    )
  })

  test('what the fallback tag says of a referrer that we know better is not believed', async () => {
    const registry = await compose(open)
    const known = []
    for (let at = 0; at < 8; at += 1) known.push(await registry.pushReferrer('x/true', { at: String(at) }))
    const other = await registry.push({ annotations: { only: 'here' } })
    await registry.pushFallbackTag([...known, other].map((entry) => ({ ...entry, artifactType: 'x/false' })))
    // Pages of which everything is left out must not be the end of the list.
    expect(digestsOf(await registry.walk({ size: 1, artifactType: 'x/false' }))).toEqual([other.digest])
    expect(digestsOf(await registry.walk({ size: 3, artifactType: 'x/true' }))).toHaveLength(8)
  })
})
