/** The object in a file that should be JSON; undefined where there is none. What it says is judged by the registry. */
export function readVexFile(text: string): Record<string, unknown> | undefined {
  try {
    // Editors of Windows put a mark in front.
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
