/** Amounts as people write them, in the units the program computes with. */

const durationUnits: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const sizeUnits: Record<string, number> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
}

/** `24h`, `1h30m`, `500ms`, `180d` in milliseconds; undefined for anything else, a bare number included. */
export function parseDuration(text: string): number | undefined {
  return sumOf(text, /(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy, durationUnits)
}

/** `10GB` (decimal), `10GiB` (binary), `4096` (bytes) in bytes; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const trimmed = text.trim()
  return /^\d+$/.test(trimmed) ? safe(Number(trimmed)) : sumOf(trimmed, /(\d+(?:\.\d+)?) ?([kmgt]i?b|b)/giy, sizeUnits)
}

function sumOf(text: string, part: RegExp, units: Record<string, number>): number | undefined {
  const trimmed = text.trim()
  let total = 0
  let end = 0
  for (const [whole, amount, unit] of trimmed.matchAll(part)) {
    total += Number(amount) * (units[(unit ?? '').toLowerCase()] ?? Number.NaN)
    end += whole.length
  }
  return trimmed === '' || end !== trimmed.length ? undefined : safe(Math.round(total))
}

const safe = (value: number): number | undefined => (Number.isSafeInteger(value) ? value : undefined)
