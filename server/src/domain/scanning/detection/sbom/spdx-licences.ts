/** Identifiers of the SPDX list that packages commonly have; names that are none of these are kept as texts. */
const identifiers = new Set(
  `0BSD AFL-2.1 AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-1.0 Artistic-1.0-Perl Artistic-2.0 BlueOak-1.0.0
BSD-1-Clause BSD-2-Clause BSD-3-Clause BSD-4-Clause BSL-1.0 bzip2-1.0.6 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-4.0 CC0-1.0 CDDL-1.0 CDDL-1.1 curl
EPL-1.0 EPL-2.0 EUPL-1.2 FTL GFDL-1.3-or-later GPL-1.0-or-later GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later GPL-2.0
GPL-3.0 HPND ICU IJG ImageMagick IPL-1.0 ISC LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only
LGPL-3.0-or-later LGPL-2.0 LGPL-2.1 LGPL-3.0 Libpng MIT MIT-0 MPL-1.1 MPL-2.0 MS-PL NCSA OFL-1.1 OLDAP-2.8 OpenSSL PHP-3.01 PostgreSQL
PSF-2.0 Python-2.0 Ruby SSPL-1.0 TCL Unicode-3.0 Unlicense UPL-1.0 Vim W3C WTFPL X11 Zlib ZPL-2.1`.split(/\s+/),
)
const byLowerCase = new Map([...identifiers].map((each) => [each.toLowerCase(), each]))

/** The identifier as SPDX writes it; `undefined` for what is none. */
export const spdxIdentifier = (text: string): string | undefined => byLowerCase.get(text.toLowerCase())

/** True for an expression of nothing but identifiers that are known. */
export function isSpdxExpression(text: string): boolean {
  const words = text
    .slice(0, 2_000)
    .replace(/[()]/g, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
  const isBalanced =
    [...text].reduce((open, each) => (open < 0 ? open : open + (each === '(' ? 1 : each === ')' ? -1 : 0)), 0) === 0
  // Names and operators take turns. Exceptions after WITH have a list of their own, which is not known here.
  return (
    isBalanced &&
    words.length % 2 === 1 &&
    words.every((word, at) => (at % 2 === 0 ? identifiers.has(word) : word === 'AND' || word === 'OR'))
  )
}
