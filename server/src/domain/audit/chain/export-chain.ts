import type { Database, Reader } from '../../../database/database.ts'
import type { Whole } from './chain-rows.ts'
import type { ChainPiece } from './verify-chain.ts'
import { readLinks, walkSigned } from './walk-chain.ts'

/** A purge changed the beginning while an export was read: it would be no chain. */
export class ChainMoved extends Error {
  override readonly name = 'ChainMoved'

  constructor() {
    super('a purge changed the audit log meanwhile: export it again')
  }
}

const linksPerPage = 500
const extent = 'select sequence, base_sequence from audit_chain'

/**
 * The chain up to its head at this moment: what is signed first, from one moment; then the links page by page, so that a slow reader holds
 * no transaction.
 * @throws ChainMoved when records were purged meanwhile
 */
export async function* exportChain(database: Database): AsyncGenerator<ChainPiece, void> {
  const { signed, after, through } = await database.snapshot(async (snapshot) => {
    const pieces: ChainPiece[] = []
    for await (const piece of walkSigned(snapshot)) pieces.push(piece)
    let [base, end] = [0, 0]
    for await (const rows of snapshot.rows<{ sequence: Whole; base_sequence: Whole }>(extent))
      for (const row of rows) [base, end] = [Number(row.base_sequence), Number(row.sequence)]
    return { signed: pieces, after: base, through: end }
  })
  yield* signed
  const purges = signed.filter(({ kind }) => kind === 'purge').length
  for (let at = after; at < through;) {
    const links = await readLinks(database.read, { after: at, through, limit: linksPerPage })
    yield* links
    at = links.at(-1)?.link.sequence ?? through
  }
  const now = await purgesIn(database.read)
  if (now.count !== purges || now.base !== after) throw new ChainMoved()
}

async function purgesIn(reader: Reader): Promise<{ readonly count: number; readonly base: number }> {
  const { count } = await reader
    .selectFrom('audit_purge')
    .select((eb) => eb.fn.countAll<Whole>().as('count'))
    .executeTakeFirstOrThrow()
  const chain = await reader.selectFrom('audit_chain').select('base_sequence').executeTakeFirst()
  return { count: Number(count), base: Number(chain?.base_sequence ?? 0) }
}
