import { Worker } from 'node:worker_threads'

type Reply = { readonly found: readonly string[] } | { readonly code: string | undefined; readonly error: string }

/** As text, because a file of its own would have to be found inside the single executable too. */
const threadProgram = `
const { Database } = require('bun:sqlite')
const { parentPort, workerData } = require('node:worker_threads')
let database
let reply
try {
  database = new Database(workerData, { readonly: true })
  database.run('pragma busy_timeout = 5000')
  const rows = database.query('pragma quick_check(20)').all()
  reply = { found: rows.map((row) => Object.values(row)[0]).filter((text) => text !== 'ok') }
} catch (error) {
  reply = { code: error.code, error: String(error.message) }
} finally {
  database?.close()
}
parentPort.postMessage(reply)
`

/** A failure of the look itself, with SQLite's code. */
export class PageCheckFailed extends Error {
  override readonly name = 'PageCheckFailed'
  readonly code: string | undefined

  constructor(message: string, code: string | undefined) {
    super(message)
    this.code = code
  }
}

/**
 * Reads every page of a SQLite file in a thread of its own and returns what does not fit together, twenty findings at
 * the most. Readers and writers go on meanwhile.
 * @throws PageCheckFailed
 */
export async function checkSqlitePages(file: string): Promise<readonly string[]> {
  const worker = new Worker(threadProgram, { eval: true, workerData: file })
  try {
    const reply = await new Promise<Reply>((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
    })
    if ('found' in reply) return reply.found
    throw new PageCheckFailed(reply.error, reply.code)
  } finally {
    await worker.terminate()
  }
}
