import type { Finding } from './finding.ts'

/** The scores of each publisher, in the form of Harbor's scanners. */
export function vendorAttributesOf({ detail }: Finding) {
  const known = Object.entries(detail?.cvss ?? {})
  if (known.length === 0) return null
  return {
    CVSS: Object.fromEntries(
      known.map(([vendor, { v2, v3 }]) => [
        vendor,
        {
          ...(v3 === undefined ? {} : { V3Score: v3.score, V3Vector: v3.vector }),
          ...(v2 === undefined ? {} : { V2Score: v2.score, V2Vector: v2.vector }),
        },
      ]),
    ),
  }
}
