import { damaged, tooLarge } from './verdict.ts'

/** A file of an image, in memory or on the disk. */
export interface FileContent {
  readonly size: number
  /** @throws Unreadable DAMAGED where the file has not these bytes */
  read(offset: number, length: number): Uint8Array
}

export function contentOf(bytes: Uint8Array): FileContent {
  return {
    size: bytes.length,
    read(offset, length) {
      if (!isWithin(offset, length, bytes.length)) throw damaged('it is shorter than it says')
      return bytes.subarray(offset, offset + length)
    },
  }
}

export const isWithin = (offset: number, length: number, size: number): boolean =>
  Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0 && offset + length <= size

/** The whole file. @throws Unreadable TOO_LARGE */
export function bytesOf(content: FileContent, maxBytes: number): Uint8Array {
  if (content.size > maxBytes) throw tooLarge(`it has more than ${maxBytes} bytes`)
  return content.read(0, content.size)
}

/** The whole file as text, whatever its bytes are; without a byte order mark. @throws Unreadable TOO_LARGE */
export function textOf(content: FileContent, maxBytes: number): string {
  return utf8.decode(bytesOf(content, maxBytes))
}

/** What is no UTF-8 becomes U+FFFD: names of packages are ASCII, and one odd byte elsewhere must not hide them. */
export const utf8 = new TextDecoder('utf-8')
