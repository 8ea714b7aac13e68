import { type Analyser, imagesOnly, type PackageDraft } from '../analyser.ts'
import { bytesOf } from '../file-content.ts'
import { maxBomBytes, readBom } from '../sbom/bill-of-materials.ts'

const suffixes = ['.spdx', '.spdx.json', '.cdx', '.cdx.json'] as const

/**
 * A bill of materials that the maker of an image put into it, as Bitnami does for each of its components. Packages of the
 * operating system are left out of it: their own database says more, and they would be told twice.
 */
export const embeddedBomAnalyser: Analyser = {
  name: 'embedded-bom',
  maxBytes: maxBomBytes,
  modes: imagesOnly,
  wants: ({ path, size }) =>
    size > 0 && suffixes.some((each) => path.endsWith(each)) && !path.includes('.dist-info/sboms/'),
  read(content) {
    const { inventory } = readBom(bytesOf(content, maxBomBytes))
    const packages = inventory.packages
      .filter(({ kind }) => kind !== 'apk' && kind !== 'deb' && kind !== 'rpm')
      .map(({ kind, name, version, licences, path, purl }): PackageDraft => ({
        kind,
        name,
        version,
        licences,
        purl,
        ...(path === '' ? {} : { within: path }),
      }))
    return packages.length === 0 ? undefined : { packages }
  },
}
