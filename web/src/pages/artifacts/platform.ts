interface Platform {
  readonly os?: string | undefined
  readonly architecture?: string | undefined
  readonly variant?: string | undefined
}

/** `linux/arm64/v8`; undefined for what runs nowhere, such as the attestations that BuildKit puts beside images. */
export function platformName(platform: Platform | undefined): string | undefined {
  const parts = [platform?.os, platform?.architecture, platform?.variant].filter(
    (part) => part !== undefined && part !== '',
  )
  return parts.length === 0 || platform?.os === 'unknown' ? undefined : parts.join('/')
}
