import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'
import { bytes } from '#server-test/artifact-scene.ts'
import { digestOf } from '#server-test/registry-for-test.ts'
import type { BlobLocation } from '../../storage/blob-store.ts'
import { ByteThrottle } from './byte-throttle.ts'
import { judgeBlob, type Judgement } from './check-blob.ts'

const good = bytes('what was pushed')
const location = 'blobs/somewhere' as BlobLocation
const free = () => new ByteThrottle(1e12)
const alive = new AbortController().signal

/** A medium: what each opening of the blob gives, the last of them again and again, and whether the rest works. */
function composeMedium(openings: readonly (Uint8Array | undefined | 'broken' | 'breaks off')[], works = true) {
  let opened = 0
  return {
    openedTimes: () => opened,
    open: async () => {
      const given = openings[Math.min(opened, openings.length - 1)]
      opened += 1
      if (given === 'broken') throw new Error('EIO')
      if (given === undefined) return undefined
      return new ReadableStream<Uint8Array>({
        start(controller) {
          if (given === 'breaks off') {
            controller.enqueue(good.slice(0, 4))
            controller.error(new Error('EIO in the middle'))
            return
          }
          for (let at = 0; at < given.byteLength; at += 4) controller.enqueue(given.slice(at, at + 4))
          controller.close()
        },
      })
    },
    sizeOf: async () => good.byteLength,
    probe: async () => {
      if (!works) throw new Error('the disk is away')
    },
  }
}

const blobOf = (digest: Digest = digestOf(good)) => ({ digest, size: good.byteLength, location })
const judge = async (medium: ReturnType<typeof composeMedium>, blob = blobOf()): Promise<Judgement | string> =>
  await judgeBlob(medium, blob, free(), alive).catch((error: Error) => error.message)

describe('a blob is', () => {
  test('good when size and digest are those of its row, whatever the algorithm', async () => {
    const sha512 = `sha512:${createHash('sha512').update(good).digest('hex')}` as Digest
    expect(await judge(composeMedium([good]))).toBe('good')
    expect(await judge(composeMedium([good]), blobOf(sha512))).toBe('good')
  })

  test('changed with a flipped bit, a byte too few or too many, or none at all', async () => {
    const flipped = good.slice()
    flipped[3]! ^= 1
    for (const stored of [flipped, good.slice(0, -1), Buffer.concat([good, bytes('!')]), new Uint8Array()])
      expect(await judge(composeMedium([stored]))).toBe('changed')
  })

  test('not read on once it is longer than it may be', async () => {
    let given = 0
    const endless = {
      ...composeMedium([]),
      open: async () =>
        new ReadableStream<Uint8Array>({
          pull(controller) {
            given += 1
            controller.enqueue(new Uint8Array(1_000))
          },
        }),
    }
    expect(await judge(endless)).toBe('changed')
    expect(given).toBeLessThan(5)
  })

  test('missing when nothing is there', async () => {
    expect(await judge(composeMedium([undefined]))).toBe('missing')
  })

  test('good when a second reading gives it', async () => {
    for (const first of ['broken', 'breaks off'] as const) {
      const medium = composeMedium([first, good])
      expect([await judge(medium), medium.openedTimes()]).toEqual(['good', 2])
    }
  })

  test('changed when a medium that works otherwise does not give it twice', async () => {
    for (const each of ['broken', 'breaks off'] as const) {
      const medium = composeMedium([each])
      expect([await judge(medium), medium.openedTimes()]).toEqual(['changed', 2])
    }
  })

  test('not judged while the medium as a whole is away: the error is told, and nothing is quarantined', async () => {
    expect(await judge(composeMedium(['broken', good], false))).toBe('the disk is away')
    let probes = 0
    const fallsAway = {
      ...composeMedium(['broken', 'breaks off']),
      probe: async () => {
        probes += 1
        if (probes > 1) throw new Error('the disk is away')
      },
    }
    expect(await judge(fallsAway)).toBe('EIO in the middle')
  })

  test('not judged after a stop, before it is opened and in the middle of it', async () => {
    const medium = composeMedium([good])
    const stopped = judgeBlob(medium, blobOf(), free(), AbortSignal.abort(new Error('stopped')))
    expect(await stopped.catch((error: Error) => error.message)).toBe('stopped')
    expect(medium.openedTimes()).toBe(0)
    const stop = new AbortController()
    const inTheMiddle = {
      ...composeMedium([good]),
      open: async () =>
        new ReadableStream<Uint8Array>({
          pull(controller) {
            stop.abort(new Error('stopped'))
            controller.enqueue(good.slice(0, 4))
          },
        }),
    }
    const judged = judgeBlob(inTheMiddle, blobOf(), free(), stop.signal)
    expect(await judged.catch((error: Error) => error.message)).toBe('stopped')
  })
})
