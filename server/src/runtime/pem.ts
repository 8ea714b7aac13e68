import { X509Certificate } from 'node:crypto'

/** One certificate of a PEM file. */
export interface PemCertificate {
  readonly text: string
  readonly certificate: X509Certificate
}

/**
 * Every certificate of a PEM file, in their order.
 * @throws an Error that names the file and the line where it cannot be read
 */
export function readPemCertificates(file: string, text: string): readonly PemCertificate[] {
  assertMarks(file, text)
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  return [...blocks].map((block) => {
    try {
      return { text: block[0], certificate: new X509Certificate(block[0]) }
    } catch (cause) {
      const line = text.slice(0, block.index).split('\n').length
      throw new Error(`${file}, line ${line}: the certificate that begins here cannot be read`, { cause })
    }
  })
}

/**
 * Marks stand on lines of their own, each BEGIN before its END. Files put together without a line end between them have
 * two on one line.
 * @throws an Error that names the file and the line
 */
export function assertMarks(file: string, text: string): void {
  let open: { readonly label: string; readonly line: number } | undefined
  for (const [at, content] of text.split('\n').entries()) {
    if (!content.includes('-----')) continue
    const place = `${file}, line ${at + 1}`
    const [, side, label = ''] = /^-----(BEGIN|END) ([A-Z0-9 ]+)-----\s*$/.exec(content) ?? []
    if (side === undefined) throw new Error(`${place}: ${wrongMark(content)}`)
    if (side === 'BEGIN' && open !== undefined)
      throw new Error(`${place}: a second BEGIN, and the one of line ${open.line} has no END`)
    if (side === 'END' && open?.label !== label) throw new Error(`${place}: this END has no BEGIN ${label} above it`)
    open = side === 'BEGIN' ? { label, line: at + 1 } : undefined
  }
  if (open !== undefined)
    throw new Error(`${file}, line ${open.line}: BEGIN ${open.label} has no END; the file is cut off`)
}

function wrongMark(content: string): string {
  return /-----END [A-Z0-9 ]+-----\s*-----BEGIN/.test(content)
    ? 'an END and the next BEGIN stand on one line; put a line end between them'
    : 'a mark must stand on a line of its own, such as -----BEGIN CERTIFICATE-----'
}

/** Why a text that somebody set holds no certificates, as the end of a sentence about it; undefined when it does. */
export function refusalOfCertificates(text: string): string | undefined {
  try {
    if (readPemCertificates('its text', text).length > 0) return undefined
    return 'should be a certificate in PEM (-----BEGIN CERTIFICATE-----)'
  } catch (error) {
    return `should be a certificate in PEM: ${(error as Error).message}`
  }
}
