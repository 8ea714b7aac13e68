import { SQL } from 'bun'
import { open } from 'node:fs/promises'

/** Puts zeros where a table of a SQLite file begins; nobody may have the file open. */
export async function zeroTable(file: string, table: string): Promise<void> {
  await using sql = new SQL(`sqlite://${file}`)
  await sql.unsafe('pragma wal_checkpoint(truncate)')
  const [root] = (await sql.unsafe(`select rootpage from sqlite_schema where name = '${table}'`)) as {
    rootpage: number
  }[]
  const [size] = (await sql.unsafe('pragma page_size')) as { page_size: number }[]
  const handle = await open(file, 'r+')
  try {
    const bytes = new Uint8Array(size!.page_size)
    await handle.write(bytes, 0, bytes.byteLength, (root!.rootpage - 1) * bytes.byteLength)
  } finally {
    await handle.close()
  }
}
