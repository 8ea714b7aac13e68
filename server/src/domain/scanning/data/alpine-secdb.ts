import { z } from 'zod'
import type { AdvisoryFileWriter } from './advisory-file.ts'
import type { ImportReport } from './import-report.ts'

/** A file of secdb.alpinelinux.org, with the release beside it where several are in one stream. */
export const secdbSchema = z.object({
  distroversion: z.string().optional(),
  release: z.string().optional(),
  reponame: z.string().optional(),
  packages: z.array(
    z.object({
      pkg: z.object({ name: z.string(), secfixes: z.record(z.string(), z.array(z.string()).nullable()).nullish() }),
    }),
  ),
})

/** Wolfi and Chainguard publish in the same form, with the name of the system where Alpine has its release. */
export function importSecdb(
  source: string,
  file: z.infer<typeof secdbSchema>,
  writer: AdvisoryFileWriter,
  report: ImportReport,
): void {
  const bucket = bucketOf(file)
  if (bucket === undefined) {
    report.refused(`secdb of ${file.distroversion ?? file.release ?? 'an unnamed release'}`)
    return
  }
  for (const { pkg } of file.packages) {
    const fixes = Object.entries(pkg.secfixes ?? {})
    writer.advisories(
      source,
      bucket,
      pkg.name,
      // "0" says that the package never had it, and nothing is before that version.
      fixes
        .filter(([fixed]) => fixed !== '0')
        .flatMap(([fixed, ids]) =>
          vulnerabilitiesIn(ids ?? []).map((id) => ({
            id,
            affected: [{ fixed }],
            fixedVersions: [fixed],
            status: 'fixed' as const,
            source,
          })),
        ),
    )
  }
}

function bucketOf({ distroversion, release, reponame }: z.infer<typeof secdbSchema>): string | undefined {
  const named = release ?? distroversion ?? reponame ?? ''
  if (/^(?:wolfi|os)$/.test(named)) return 'wolfi'
  if (named === 'chainguard') return 'chainguard'
  if (named === 'edge') return 'alpine edge'
  const number = /^v?(\d+\.\d+)$/.exec(named)?.[1]
  return number === undefined ? undefined : `alpine ${number}`
}

/** `CVE-2017-2616 (+ regression fix)` and `CVE-2019-1 CVE-2019-2` are written too. */
function vulnerabilitiesIn(texts: readonly string[]): readonly string[] {
  return [
    ...new Set(
      texts.flatMap((text) => text.split(/[\s,()+]+/)).filter((word) => /^[A-Z][A-Za-z]*-\w[\w-]*$/.test(word)),
    ),
  ]
}
