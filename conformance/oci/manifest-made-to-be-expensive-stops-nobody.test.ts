import { expect, test } from 'bun:test'
import { describeScenario } from '../harness/scenario.ts'
import { errorCodesOf, V2Client } from '../harness/v2-client.ts'

const mediaType = 'application/vnd.oci.image.index.v1+json'
const limit = 4 * 1024 * 1024
const begin = `{"schemaVersion":2,"mediaType":"${mediaType}","manifests":[]`
const child = `{"mediaType":"${mediaType}","digest":"sha256:${'a'.repeat(64)}","size":1}`

/** As much of `text` as fits between the two. */
const filled = (before: string, text: string, after: string): string =>
  before + text.repeat(Math.floor((limit - before.length - after.length) / text.length)) + after

const bombs: Readonly<Record<string, string>> = {
  'arrays in arrays': filled('', '[', ''),
  'arrays in arrays, closed': `${begin},"x":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`,
  'objects in objects': filled('', '{"a":', ''),
  'a list of a million things': filled(`${begin},"x":[0`, ',0', ']}'),
  'children by the ten thousand': filled(
    `{"schemaVersion":2,"mediaType":"${mediaType}","manifests":[${child}`,
    `,${child}`,
    ']}',
  ),
  'annotations by the hundred thousand': `${begin},"annotations":{${Array.from({ length: 150_000 }, (_, at) => `"${at}":""`).join()}}}`,
  'a key twice': `${begin},"mediaType":"${mediaType}"}`,
  'a key twice, written in two ways': `${begin},"media\\u0054ype":"${mediaType}"}`,
  'the prototype of all objects': `${begin},"__proto__":{"x":1},"__proto__":{"mediaType":"x"}}`,
  'a number of four million digits': filled(`{"mediaType":"${mediaType}","manifests":[],"schemaVersion":2`, '0', '}'),
  'a size beyond every number': `{"schemaVersion":2,"mediaType":"${mediaType}","manifests":[${child.replace('"size":1', '"size":1e999')}]}`,
  'half a surrogate pair': `${begin},"annotations":{"a":"\\ud800"}}`,
  'a string that does not end': filled(`${begin},"annotations":{"a":"`, 'x', ''),
  backslashes: filled(`${begin},"annotations":{"a":"`, '\\', ''),
  'strings full of escapes, not closed': filled(`${begin},"annotations":{"a":"`, '\\u0041', '"'),
  quotes: filled('', '"', ''),
  commas: filled('[', ',', ']'),
  spaces: filled('', ' ', ''),
  colons: filled('{"a"', ':', '}'),
  'closing brackets': filled('', ']', ''),
}

describeScenario('manifests made to cost much', (registry) => {
  test.each(Object.entries(bombs))('are refused: %s', async (_, text) => {
    expect(text.length).toBeLessThanOrEqual(limit)
    const response = await new V2Client(registry()).pushManifest(registry().newRepository(), 'v1', mediaType, text)
    expect([response.status, await errorCodesOf(response)]).toEqual([400, ['MANIFEST_INVALID']])
  })

  test('do not keep others waiting', async () => {
    const client = new V2Client(registry())
    const repository = registry().newRepository()
    const texts = Object.values(bombs)
    let [sent, underWay, answered] = [0, 0, 0]
    const send = async (): Promise<void> => {
      while (answered < 100) {
        underWay += 1
        const response = await client.pushManifest(repository, 'v1', mediaType, texts[sent++ % texts.length] ?? '')
        await response.bytes()
        underWay -= 1
        expect(response.status).toBe(400)
      }
    }
    const senders = Promise.all(Array.from({ length: 6 }, send))
    // The flood goes on until the hundred have been answered; were they kept waiting, this would not end.
    while (answered < 100) {
      const response = await client.request('/v2/')
      await response.bytes()
      expect(response.status).toBe(200)
      expect(underWay).toBeGreaterThan(0)
      answered += 1
    }
    await senders
  }, 60_000)
})
