/** Settings as a file has them: sections in sections, values unchecked. */

export type Tree = Record<string, unknown>

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Text, or a number in its place. */
export const textOf = (value: unknown, fallback: string): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : fallback

/** YAML's own words for it, and those that programs of its older version take. */
export const isTrue = (value: unknown): boolean => /^(true|yes|on)$/i.test(String(value))
export const isFalse = (value: unknown): boolean => /^(false|no|off)$/i.test(String(value))

/** The value at a path such as `http.port`. */
export function find(tree: Tree, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (isTree(value) ? value[key] : undefined), tree)
}

/** Sets a value in the tree, making the sections on its way. */
export function place(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.')
  const last = keys.pop() ?? path
  let section = tree
  for (const key of keys) {
    const next = section[key]
    section = isTree(next) ? next : ((section[key] = {}) as Tree)
  }
  section[last] = value
}

/** Removes a value from the tree, with sections that are empty then, and returns it. */
export function take(tree: Tree, path: string): unknown {
  const [key = '', ...rest] = path.split('.')
  if (rest.length === 0) {
    const value = tree[key]
    delete tree[key]
    return value
  }
  const section = tree[key]
  if (!isTree(section)) return undefined
  const value = take(section, rest.join('.'))
  if (value !== undefined && Object.keys(section).length === 0) delete tree[key]
  return value
}
