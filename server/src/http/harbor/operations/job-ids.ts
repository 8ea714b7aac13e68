/**
 * A job's id in Harbor's form, 24 hex digits: the number itself, with zeros before it, so that it can be read back.
 * Our own API has the number.
 */
export const formatJobId = (id: number): string => id.toString(16).padStart(24, '0')

/** The number behind an id in Harbor's form or in ours; undefined for what no job can have. */
export function parseJobId(text: string): number | undefined {
  const id = /^[0-9a-f]{24}$/i.test(text)
    ? Number.parseInt(text, 16)
    : /^\d{1,16}$/.test(text)
      ? Number(text)
      : undefined
  return id !== undefined && Number.isSafeInteger(id) && id > 0 ? id : undefined
}
