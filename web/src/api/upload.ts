import type { ApiError } from './api-error.ts'
import { provenHeaders, refusalOf, type AnswerOf, type Operation } from './client.ts'

export interface UploadOptions {
  readonly query: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Share that was sent, from 0 to 1. */
  readonly onProgress: (share: number) => void
}

/** Sends a file to an operation that takes one. `fetch` does not tell how far it is. @throws ApiError; AbortError */
export async function uploadFile<Op extends Operation>(
  operation: Op,
  file: File,
  { query, signal, onProgress }: UploadOptions,
): Promise<AnswerOf<Op>> {
  const [method = '', path = ''] = operation.split(' ')
  const headers = { ...(await provenHeaders()), 'content-type': 'application/octet-stream', accept: 'application/json' }
  const request = new XMLHttpRequest()
  request.open(method, `/api/v2.0${path}?${new URLSearchParams(query)}`)
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
  const { promise, resolve, reject } = Promise.withResolvers<AnswerOf<Op>>()
  const refuse = (status: number): ApiError =>
    refusalOf(status, request.responseText, (name) => request.getResponseHeader(name))
  request.upload.addEventListener('progress', ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total))
  request.addEventListener('load', () => {
    if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as AnswerOf<Op>)
    else reject(refuse(request.status))
  })
  request.addEventListener('error', () => reject(refuse(0)))
  request.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
  const onAbort = () => request.abort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    request.send(file)
    return await promise
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
