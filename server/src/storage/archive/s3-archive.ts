import type { Bucket } from '../s3/bucket.ts'
import { alikePlan, partBytes, standardPlan, type PartPlan } from '../s3/part-plan.ts'
import { s3Error } from '../s3/s3-errors.ts'
import { assertArchiveKey, type Archive } from './archive.ts'

/** An archive in a bucket, or the part of it that `bucket` shows; `name` is for people. */
export function openS3Archive(options: {
  readonly bucket: Bucket
  readonly name: string
  readonly plan?: PartPlan
}): Archive {
  const { bucket, name } = options
  const plan = options.plan ?? (bucket.capabilities.partsAlike ? alikePlan : standardPlan)
  return {
    name,
    async sizeOf(key) {
      assertArchiveKey(key)
      return await bucket.sizeOf(key, `look for ${key}`)
    },
    async read(key) {
      assertArchiveKey(key)
      return await bucket.stream(key, undefined, `read ${key}`)
    },
    async write(key, bytes) {
      assertArchiveKey(key)
      return await writeInParts(bucket, key, bytes, plan)
    },
    list: (below) => bucket.list(below, `list ${below}`),
    async delete(keys) {
      keys.forEach(assertArchiveKey)
      await bucket.delete(keys, 'delete from the archive')
    },
    async [Symbol.asyncDispose]() {
      bucket.dispose()
    },
  }
}

/** In one call when it fits into a part; else nothing is to be seen before the last part is there. */
async function writeInParts(
  bucket: Bucket,
  key: string,
  bytes: AsyncIterable<Uint8Array>,
  plan: PartPlan,
): Promise<number> {
  const doing = `write ${key}`
  const etags: string[] = []
  let multipart: string | undefined
  let size = 0
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  const sendPart = async (part: Uint8Array) => {
    multipart ??= await bucket.createMultipart(key, doing)
    try {
      etags.push(await bucket.uploadPart(key, multipart, etags.length + 1, part))
    } catch (error) {
      throw s3Error(error, doing)
    }
  }
  try {
    for await (const chunk of bytes) {
      size += chunk.byteLength
      waiting.push(chunk)
      waitingBytes += chunk.byteLength
      for (
        let most = partBytes(plan, etags.length + 1);
        waitingBytes > most;
        most = partBytes(plan, etags.length + 1)
      ) {
        const all = Buffer.concat(waiting)
        await sendPart(all.subarray(0, most))
        waiting = [all.subarray(most)]
        waitingBytes -= most
      }
    }
    const last = Buffer.concat(waiting)
    if (multipart === undefined) await bucket.put(key, last, doing)
    else {
      await sendPart(last)
      await bucket.completeMultipart(key, multipart, etags).catch((error: unknown) => {
        throw s3Error(error, doing)
      })
    }
    return size
  } catch (error) {
    if (multipart !== undefined) await bucket.abortMultipart(key, multipart).catch(() => undefined) // the first error says why
    throw error
  }
}
