import { budgets, parseForeignJson } from '#contract/budget.ts'
import type { AnswerOf, InputArgument, InputOf, Operation, RowOf } from '#web/api/client.ts'
import { nextQuery } from '#server/clients/registry/paging.ts'
import { firstError } from '#server/clients/registry/registry-failure.ts'
import { CommandError } from '../command-error.ts'
import { kindOfStatus } from '../exit-codes.ts'
import { linesOf } from '../lines-of.ts'
import type { Door, SentFile } from './door.ts'

export type { Operation, RowOf, AnswerOf }

interface AnyInput {
  readonly params?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly file?: SentFile
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** Rows of a list, and whether it goes on. */
export interface Rows<Row> {
  readonly rows: readonly Row[]
  readonly more: boolean
}

/** One event of a stream (text/event-stream). */
export interface StreamedEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: unknown
}

const pageSize = 100

/** The API of a registry, behind whichever door; operations and their types are those that its routes declare. */
export class RegistryApi implements AsyncDisposable {
  readonly #door: Door

  constructor(door: Door) {
    this.#door = door
  }

  /** As messages call the registry. */
  get name(): string {
    return this.#door.name
  }

  get isLocal(): boolean {
    return this.#door.isLocal
  }

  /** @throws CommandError with the kind of the refusal */
  async call<Op extends Operation>(operation: Op, ...[input]: InputArgument<Op>): Promise<AnswerOf<Op>> {
    const response = await this.#send(operation, input as AnyInput | undefined)
    return (await readAnswer(response)) as AnswerOf<Op>
  }

  /** Of an operation that makes something: what it answers, and the id at the end of its Location. */
  async create<Op extends Operation>(
    operation: Op,
    ...[input]: InputArgument<Op>
  ): Promise<{ readonly id: string | undefined; readonly answer: AnswerOf<Op> }> {
    return await this.#made(operation, input)
  }

  /** Of an operation that takes a file. */
  async upload<Op extends Operation>(operation: Op, file: SentFile, input: InputOf<Op>): Promise<string | undefined> {
    return (await this.#made(operation, { ...(input as AnyInput), file })).id
  }

  async #made<Op extends Operation>(operation: Op, input: unknown) {
    const response = await this.#send(operation, input as AnyInput | undefined)
    const id = response.headers.get('location')?.split('/').at(-1)
    return {
      id: id === undefined ? undefined : decodeURIComponent(id),
      answer: (await readAnswer(response)) as AnswerOf<Op>,
    }
  }

  /** Page after page, as the Link headers lead; `limit` 0 is all. */
  async list<Op extends Operation>(operation: Op, input: InputOf<Op>, limit: number): Promise<Rows<RowOf<Op>>> {
    const rows: RowOf<Op>[] = []
    let given = input as AnyInput
    given = { ...given, query: { page_size: limit > 0 ? Math.min(limit, pageSize) : pageSize, ...given.query } }
    for (;;) {
      const response = await this.#send(operation, given)
      const page = ((await readAnswer(response)) ?? []) as readonly RowOf<Op>[]
      rows.push(...page)
      const next = nextQuery(response.headers.get('link') ?? undefined)
      if (next === undefined) return { rows, more: false }
      if (limit > 0 && rows.length >= limit) return { rows: rows.slice(0, limit), more: true }
      given = { ...given, query: Object.fromEntries(new URLSearchParams(next)) }
    }
  }

  async text<Op extends Operation>(operation: Op, input: InputOf<Op>): Promise<string> {
    return await (await this.#send(operation, input as AnyInput)).text()
  }

  /** Line by line as it comes, without their ends. */
  async *lines<Op extends Operation>(operation: Op, input: InputOf<Op>): AsyncGenerator<string> {
    const response = await this.#send(operation, input as AnyInput)
    yield* linesOf(response.body ?? new ReadableStream<Uint8Array>())
  }

  /** As it comes, until the other side ends it or the signal does. */
  async *follow<Op extends Operation>(operation: Op, input: InputOf<Op>): AsyncGenerator<StreamedEvent> {
    const given = input as AnyInput
    const response = await this.#send(operation, {
      ...given,
      headers: { accept: 'text/event-stream', ...given.headers },
    })
    yield* readEvents(response)
  }

  /** What stands in no table: method, path and body as somebody wrote them. @throws CommandError */
  async raw(method: string, target: string, body: unknown): Promise<Response> {
    return await this.#checked({ method, target, ...(body === undefined ? {} : { body }) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door[Symbol.asyncDispose]()
  }

  async #send(operation: Operation, input: AnyInput = {}): Promise<Response> {
    const [method = 'GET', template = ''] = operation.split(' ')
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeParameter(name, input.params?.[name]))
    // A project that is called 42 is meant by its name; one that is given as a number, by its id.
    const project = input.params?.['project_name_or_id'] ?? input.params?.['project_name']
    return await this.#checked({
      method,
      target: `${path}${queryOf(input.query)}`,
      headers: {
        ...(project === undefined ? {} : { 'x-is-resource-name': String(typeof project === 'string') }),
        ...input.headers,
      },
      ...(input.body === undefined ? {} : { body: input.body }),
      ...(input.file === undefined ? {} : { file: input.file }),
      ...(input.signal === undefined ? {} : { signal: input.signal }),
    })
  }

  async #checked(request: Parameters<Door['send']>[0]): Promise<Response> {
    const response = await this.#door.send(request)
    if (response.ok) return response
    throw await refusalOf(response, this.#door)
  }
}

/** Names of repositories are encoded twice, as Harbor's clients do: some proxies undo one of the two. */
function encodeParameter(name: string, value: string | number | undefined): string {
  const once = encodeURIComponent(String(value ?? ''))
  return name === 'repository_name' ? encodeURIComponent(once) : once
}

function queryOf(query: AnyInput['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

async function readAnswer(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return isJson ? parseForeignJson(text, budgets.movingAnswer) : text
}

async function refusalOf(response: Response, door: Door): Promise<CommandError> {
  const { status } = response
  const text = await response.text()
  const location = response.headers.get('location') ?? ''
  if (status >= 300 && status < 400 && URL.canParse(location, door.name)) {
    const { origin } = new URL(location, door.name)
    const next = `give that address: --url ${origin}, or berth login ${origin}`
    return new CommandError(`${door.name} sends its clients to ${origin}`, { next, kind: 'unreachable' })
  }
  const found = firstError(text)
  if (found === undefined && status < 500 && !(response.headers.get('content-type') ?? '').includes('json'))
    return new CommandError(`${door.name} answers ${status}, and not as Berth or Harbor does`, {
      next: `is that the address of the registry? berth doctor --url ${door.name}`,
      kind: kindOfStatus(status),
    })
  const message = found?.message || `${door.name} answered ${status}`
  const next = adviceOn(status, door)
  return new CommandError(message, {
    kind: kindOfStatus(status),
    reason: response.headers.get('x-berth-error') ?? found?.code,
    ...(next === undefined ? {} : { next }),
  })
}

function adviceOn(status: number, { name, isLocal }: Door): string | undefined {
  if (isLocal) return undefined
  if (status === 401) return `sign in: berth login ${name}`
  if (status === 403) return `which account this is: berth whoami --url ${name}`
  return undefined
}

async function* readEvents(response: Response): AsyncGenerator<StreamedEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of response.body ?? []) {
    rest += decoder.decode(piece as Uint8Array, { stream: true })
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const found = parseEvent(rest.slice(0, end))
      rest = rest.slice(end + 2)
      if (found !== undefined) yield found
    }
  }
}

function parseEvent(block: string): StreamedEvent | undefined {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()]
    }),
  )
  const data = fields.get('data')
  if (data === undefined) return undefined
  return {
    event: fields.get('event') ?? 'message',
    id: fields.get('id'),
    data: parseForeignJson(data, budgets.movingAnswer),
  }
}
