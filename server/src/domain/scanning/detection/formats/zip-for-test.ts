import { deflateRawSync } from 'node:zlib'

export interface TestZipEntry {
  readonly name: string
  readonly content: Uint8Array | string
  /** What the directory says, where it is not the truth. */
  readonly bytes?: number
  readonly isStored?: boolean
}

/** A zip without checksums, which no reader of ours asks for; something may stand before it. */
export function zipForTest(entries: readonly TestZipEntry[], before: Uint8Array = new Uint8Array(0)): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, bytes, isStored = false } of entries) {
    const body = isStored ? Buffer.from(content) : deflateRawSync(content)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(Buffer.byteLength(name), 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    central.writeUInt16LE(isStored ? 0 : 8, 10)
    central.writeUInt32LE(body.length, 20)
    central.writeUInt32LE(bytes ?? Buffer.byteLength(content), 24)
    central.writeUInt16LE(Buffer.byteLength(name), 28)
    central.writeUInt32LE(offset, 42)
    locals.push(local, Buffer.from(name), body)
    directory.push(central, Buffer.from(name))
    offset += local.length + Buffer.byteLength(name) + body.length
  }
  const end = Buffer.alloc(22)
  const central = Buffer.concat(directory)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([before, ...locals, central, end])
}
