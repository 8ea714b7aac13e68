export interface TestSection {
  readonly name: string
  readonly address?: number
  readonly content: Uint8Array
  readonly writable?: boolean
}

const text = (bytes: string, length: number): Buffer => Buffer.from(bytes.padEnd(length, '\0'), 'latin1')

/** An ELF file of 64 bits that says what these sections are, and loads each of them. */
export function elfForTest(sections: readonly TestSection[]): Buffer {
  const names = Buffer.from(`\0${[...sections.map(({ name }) => name), '.shstrtab'].join('\0')}\0`)
  const all = [...sections, { name: '.shstrtab', content: names }]
  const bodiesAt = 64 + sections.length * 56
  const offsets = all.map((_, at) => bodiesAt + all.slice(0, at).reduce((sum, { content }) => sum + content.length, 0))
  const headersAt = offsets.at(-1)! + names.length
  const head = Buffer.alloc(64)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  head.writeBigUInt64LE(64n, 32)
  head.writeBigUInt64LE(BigInt(headersAt), 40)
  const counts = [64, 56, sections.length, 64, all.length, all.length - 1]
  counts.forEach((value, at) => head.writeUInt16LE(value, 52 + 2 * at))
  const programs = sections.map(({ address = 0, content, writable }, at) => {
    const entry = Buffer.alloc(56)
    entry.writeUInt32LE(1, 0)
    entry.writeUInt32LE(writable === true ? 6 : 4, 4)
    ;[offsets[at]!, address, address, content.length, content.length].forEach((value, field) =>
      entry.writeBigUInt64LE(BigInt(value), 8 + 8 * field),
    )
    return entry
  })
  const headers = all.map(({ name, content, ...rest }, at) => {
    const { address = 0, writable = false } = rest as Partial<TestSection>
    const entry = Buffer.alloc(64)
    entry.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, 0)
    ;[writable ? 1 : 0, address, offsets[at]!, content.length].forEach((value, field) =>
      entry.writeBigUInt64LE(BigInt(value), 8 + 8 * field),
    )
    return entry
  })
  return Buffer.concat([head, ...programs, ...all.map(({ content }) => content), ...headers])
}

/** A PE file of 64 bits. */
export function peForTest(sections: readonly TestSection[]): Buffer {
  const head = Buffer.alloc(64)
  head.write('MZ')
  head.writeUInt32LE(64, 0x3c)
  const coff = Buffer.alloc(24)
  coff.writeUInt32LE(0x4550, 0)
  coff.writeUInt16LE(sections.length, 6)
  coff.writeUInt16LE(112, 20)
  const optional = Buffer.alloc(112)
  optional.writeUInt16LE(0x20b, 0)
  let offset = 64 + 24 + 112 + 40 * sections.length
  const headers = sections.map(({ name, address = 0, content, writable }) => {
    const entry = Buffer.alloc(40)
    entry.set(text(name, 8))
    ;[content.length, address, content.length, offset].forEach((value, field) =>
      entry.writeUInt32LE(value, 8 + 4 * field),
    )
    entry.writeUInt32LE(writable === true ? 0xc0000040 : 0x40000040, 36)
    offset += content.length
    return entry
  })
  return Buffer.concat([head, coff, optional, ...headers, ...sections.map(({ content }) => content)])
}

/** A Mach-O file of 64 bits with one segment. */
export function machOForTest(sections: readonly TestSection[]): Buffer {
  const commandBytes = 72 + 80 * sections.length
  const head = Buffer.alloc(32)
  head.set([0xcf, 0xfa, 0xed, 0xfe])
  head.writeUInt32LE(1, 16)
  head.writeUInt32LE(commandBytes, 20)
  const segment = Buffer.alloc(72)
  segment.writeUInt32LE(0x19, 0)
  segment.writeUInt32LE(commandBytes, 4)
  segment.set(text('__DATA', 16), 8)
  segment.writeUInt32LE(3, 60)
  segment.writeUInt32LE(sections.length, 64)
  let offset = 32 + commandBytes
  const headers = sections.map(({ name, address = 0, content }) => {
    const entry = Buffer.alloc(80)
    entry.set(text(name, 16))
    entry.writeBigUInt64LE(BigInt(address), 32)
    entry.writeBigUInt64LE(BigInt(content.length), 40)
    entry.writeUInt32LE(offset, 48)
    offset += content.length
    return entry
  })
  return Buffer.concat([head, segment, ...headers, ...sections.map(({ content }) => content)])
}
