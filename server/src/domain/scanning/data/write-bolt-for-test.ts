import { writeFileSync } from 'node:fs'

export interface BoltTree {
  readonly [key: string]: BoltTree | Buffer
}

const pageBytes = 4096
const header = 16

/** Writes a bbolt file for tests: leaf pages as large as they have to be, branch pages above them when there are many keys. */
export function writeBolt(path: string, tree: BoltTree, keysToLeaf = 64): void {
  const pages: Buffer[] = []
  let next = 2
  const allocate = (page: Buffer) => {
    const count = Math.ceil(page.length / pageBytes)
    const whole = Buffer.alloc(count * pageBytes)
    page.copy(whole)
    whole.writeBigUInt64LE(BigInt(next), 0)
    whole.writeUInt32LE(count - 1, 12)
    pages.push(whole)
    next += count
    return next - count
  }
  const page = (flags: number, entries: readonly (readonly [number, Buffer, Buffer])[], toBranch = false) => {
    const body = entries.map(([, key, value]) => (toBranch ? key : Buffer.concat([key, value])))
    const elements = Buffer.alloc(entries.length * 16)
    let at = elements.length
    for (const [index, [flag, key, value]] of entries.entries()) {
      const element = index * 16
      if (toBranch) {
        elements.writeUInt32LE(at - element, element)
        elements.writeUInt32LE(key.length, element + 4)
        value.copy(elements, element + 8)
      } else {
        elements.writeUInt32LE(flag, element)
        elements.writeUInt32LE(at - element, element + 4)
        elements.writeUInt32LE(key.length, element + 8)
        elements.writeUInt32LE(value.length, element + 12)
      }
      at += body[index]?.length ?? 0
    }
    const head = Buffer.alloc(header)
    head.writeUInt16LE(flags, 8)
    head.writeUInt16LE(entries.length, 10)
    return Buffer.concat([head, elements, ...body])
  }
  const write = (node: BoltTree): number => {
    const entries = Object.entries(node)
      .map(([key, value]) => [Buffer.from(key), value] as const)
      .toSorted(([one], [other]) => Buffer.compare(one, other))
      .map(([key, value]) =>
        Buffer.isBuffer(value) ? ([0, key, value] as const) : ([1, key, nested(write(value))] as const),
      )
    const leaves: (readonly [number, Buffer, Buffer])[] = []
    for (let start = 0; start === 0 || start < entries.length; start += keysToLeaf) {
      const part = entries.slice(start, start + keysToLeaf)
      leaves.push([0, part[0]?.[1] ?? Buffer.alloc(0), pageNumber(allocate(page(2, part)))])
    }
    return leaves.length === 1 ? Number(leaves[0]?.[2].readBigUInt64LE(0)) : allocate(page(1, leaves, true))
  }
  const nested = (number: number) => Buffer.concat([pageNumber(number), Buffer.alloc(8)])
  const root = write(tree)
  const meta = (id: number) => {
    const bytes = Buffer.alloc(pageBytes)
    bytes.writeBigUInt64LE(BigInt(id), 0)
    bytes.writeUInt16LE(4, 8)
    const fields = bytes.subarray(header)
    fields.writeUInt32LE(0xed0cdaed, 0)
    fields.writeUInt32LE(2, 4)
    fields.writeUInt32LE(pageBytes, 8)
    fields.writeBigUInt64LE(BigInt(root), 16)
    fields.writeBigUInt64LE(0xffffffffffffffffn, 32) // no list of free pages
    fields.writeBigUInt64LE(BigInt(next), 40)
    fields.writeBigUInt64LE(BigInt(id), 48)
    let hash = 0xcbf29ce484222325n
    for (const byte of fields.subarray(0, 56)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
    fields.writeBigUInt64LE(hash, 56)
    return bytes
  }
  writeFileSync(path, Buffer.concat([meta(0), meta(1), ...pages]))
}

function pageNumber(number: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(number), 0)
  return bytes
}
