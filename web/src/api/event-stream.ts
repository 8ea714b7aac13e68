import { fetchChecked } from './client.ts'
import { unattended } from './session.ts'

export interface StreamEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/**
 * The server-sent events of an address, as many at a time as came together. Not EventSource, which cannot say that
 * nobody asked, and so would keep a session alive for as long as the page is open. @throws ApiError
 */
export async function* readEventStream(
  url: string,
  { lastEventId, signal }: { readonly lastEventId?: string | undefined; readonly signal: AbortSignal },
): AsyncGenerator<readonly StreamEvent[]> {
  const place = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const headers = { accept: 'text/event-stream', ...place, ...unattended.headers }
  const response = await fetchChecked(url, { headers, signal })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
    const blocks = (rest + chunk.value).split('\n\n')
    rest = blocks.pop() ?? ''
    const events = blocks.flatMap(parseEvent)
    if (events.length > 0) yield events
  }
}

/** Comments, by which the server keeps the connection, are no events. */
function parseEvent(block: string): StreamEvent[] {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^(\w+): ?(.*)$/.exec(line) ?? []
    if (name !== '') fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value)
  }
  const data = fields.get('data')
  return data === undefined ? [] : [{ event: fields.get('event') ?? 'message', id: fields.get('id'), data }]
}
