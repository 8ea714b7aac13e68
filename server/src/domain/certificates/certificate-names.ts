import { isIP } from 'node:net'

/** As many alternative names as public authorities take in one certificate. */
export const maxCertificateNames = 100

const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/

/** A DNS name, perhaps with `*.` in front, or an IP address, in the one way to write it; undefined for anything else. */
export function canonicalCertificateName(text: string): string | undefined {
  const name = text
    .trim()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
  if (isIP(name) === 4) return name
  if (isIP(name) === 6) return new URL(`http://[${name}]`).hostname.slice(1, -1)
  const labels = (name.startsWith('*.') ? name.slice(2) : name).split('.')
  // A name whose last label is a number is a broken address to every client.
  const isName = labels.every((each) => label.test(each)) && !/^\d+$/.test(labels.at(-1)!)
  return isName && name.length <= 253 ? name : undefined
}

/** Each name once, in their order. */
export function certificateNames(texts: readonly (string | undefined)[]): readonly string[] {
  const names = texts.flatMap((text) => (text === undefined ? [] : (canonicalCertificateName(text) ?? [])))
  return [...new Set(names)].slice(0, maxCertificateNames)
}

/** Whether a certificate with these names is good for all that are wanted. */
export function coversNames(names: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((name) => names.includes(name) || names.includes(name.replace(/^[^.*]+\./, '*.')))
}
