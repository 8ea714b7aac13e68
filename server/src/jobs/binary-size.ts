const units = ['KiB', 'MiB', 'GiB', 'TiB'] as const

/** `8.68 MiB`: cut after two digits, not rounded, as Harbor's logs have it. */
export function binarySizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length)
  const cut = Math.trunc((bytes / 1024 ** power) * 100) / 100
  return `${cut.toFixed(2)} ${units[power - 1]!}`
}
