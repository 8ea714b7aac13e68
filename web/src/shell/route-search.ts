/** What the address of a list says: its filter and its order. For `validateSearch` of its route. */
export interface ListSearch {
  readonly q?: string
  readonly sort?: string
}

export function listSearch(search: Readonly<Record<string, unknown>>): ListSearch {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined)
  const q = text(search['q'])
  const sort = text(search['sort'])
  return { ...(q === undefined ? {} : { q }), ...(sort === undefined ? {} : { sort }) }
}

/** An address of ours to go on to, from a query that anybody may have written; else the start page. */
export function localAddress(text: unknown): string {
  return typeof text === 'string' && /^\/(?![/\\])/.test(text) && !text.includes('\\') ? text : '/'
}
