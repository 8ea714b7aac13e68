import { createHash } from 'node:crypto'
import type { S3Client } from '@aws-sdk/client-s3'

/** Commands whose body is checked by the service on arrival. */
const carryBytes = new Set(['PutObjectCommand', 'UploadPartCommand'])

interface HttpRequest {
  headers: Record<string, string>
  body?: unknown
}

/**
 * Sends Content-MD5 in the place of S3's newer checksums: with batch deletes to every service, because there a service
 * must have one or the other and old ones know only this; with everything else to those that know no other.
 */
export function sendContentMd5(client: S3Client, everywhere: boolean): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const command = context['commandName'] as string
      if (command !== 'DeleteObjectsCommand' && !(everywhere && carryBytes.has(command))) return await next(args)
      const request = args.request as HttpRequest
      const { body } = request
      if (typeof body !== 'string' && !(body instanceof Uint8Array)) return await next(args)
      for (const name of Object.keys(request.headers)) {
        if (/^x-amz-(checksum-|sdk-checksum)/i.test(name)) delete request.headers[name]
      }
      request.headers['content-md5'] = createHash('md5').update(body).digest('base64')
      return await next(args)
    },
    // After the SDK has put its own checksum in, before the request is signed.
    { step: 'build', priority: 'low', name: 'sendContentMd5', tags: ['BODY_CHECKSUM'] },
  )
}
