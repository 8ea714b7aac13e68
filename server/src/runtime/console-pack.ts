/**
 * The console as `tools/build-console.mjs` packed it, from the executable or the checkout; undefined when it was not
 * built. `changed` tells whether another pack lies there now, so that a developer of the console reloads the page and
 * not the server.
 */
export async function openConsolePack(): Promise<ConsolePack | undefined> {
  const path = await findPack()
  if (path === undefined) return undefined
  const file = Bun.file(path)
  const readAt = file.lastModified
  return { bytes: await file.bytes(), changed: () => Bun.file(path).lastModified !== readAt }
}

export interface ConsolePack {
  readonly bytes: Uint8Array
  changed(): boolean
}

async function findPack(): Promise<string | undefined> {
  try {
    // A literal, so that the executable takes the file in.
    const { default: path } = await import('../../../web/dist/console.pack', { with: { type: 'file' } })
    return (await Bun.file(path).exists()) ? path : undefined
  } catch {
    return undefined
  }
}
