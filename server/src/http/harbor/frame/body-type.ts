import { DomainError } from '../../../domain/errors.ts'

/**
 * A body of the API is JSON and says so. Pages of other sites can send three other types without asking (Fetch
 * §cors-safelisted-request-header), or none at all, so that nothing they send unasked is read.
 * @throws DomainError MEDIA_TYPE_UNSUPPORTED
 */
export function assertJsonType({ headers }: Request): void {
  const said = headers.get('content-type') ?? ''
  const [type = '', ...parameters] = said.split(';').map((part) => part.trim().toLowerCase())
  const foreign = parameters.some((each) => each.startsWith('charset=') && !/^charset="?utf-?8"?$/.test(each))
  if (type === 'application/json' && !foreign) return
  throw new DomainError(
    'MEDIA_TYPE_UNSUPPORTED',
    `unsupported media type "${said.slice(0, 100)}", only [application/json] are allowed`,
  )
}

/** Of an operation that takes a file: a type that no page of another site can send unasked, either. @throws DomainError MEDIA_TYPE_UNSUPPORTED */
export function assertBytesType({ headers }: Request): void {
  const said = headers.get('content-type') ?? ''
  if (said.split(';')[0]?.trim().toLowerCase() === 'application/octet-stream') return
  throw new DomainError(
    'MEDIA_TYPE_UNSUPPORTED',
    `unsupported media type "${said.slice(0, 100)}", only [application/octet-stream] are allowed`,
  )
}

/** Whether the request says that a body follows. One in chunks may be empty; its first chunk tells. */
export function announcesBody({ headers }: Request): boolean {
  return Number(headers.get('content-length') ?? 0) > 0
}
