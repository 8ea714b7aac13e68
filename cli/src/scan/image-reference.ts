import { purlOfImage } from '#server/domain/scanning/detection/sbom/bom-subject.ts'

/** An image in a registry, as a command line names it. */
export interface ImageReference {
  /** With the scheme where one was given. */
  readonly host: string
  readonly scheme: 'http' | 'https' | undefined
  readonly repository: string
  /** A tag or a digest. */
  readonly reference: string
}

/** `registry/repository:tag`, `registry/repository@sha256:…`; undefined for a text that names no registry. */
export function parseImageReference(text: string): ImageReference | undefined {
  const [, scheme, host = '', repository = '', tag, digest] =
    /^(?:(https?):\/\/)?([A-Za-z0-9[][^/@\s]*)\/([a-z0-9][a-z0-9._/-]*?)(?::([A-Za-z0-9_][\w.-]{0,127}))?(?:@(sha\d+:[0-9a-f]{64,128}))?$/.exec(
      text.slice(0, 1_000),
    ) ?? []
  // As docker tells them from a name in the Docker Hub.
  if (repository === '' || !(host === 'localhost' || /[.:]/.test(host))) return undefined
  return { host, scheme: scheme as 'http' | 'https' | undefined, repository, reference: digest ?? tag ?? 'latest' }
}

/** The package URL of an image; of a name in an archive as far as it goes. */
export function purlOfName(name: string, digest?: string): string | undefined {
  const parsed = parseImageReference(name)
  const repository = parsed?.repository ?? name.replace(/@.*$/, '').replace(/:[^:/]*$/, '')
  return purlOfImage(repository, { host: parsed?.host, digest })
}
