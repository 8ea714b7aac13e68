import { CommandError } from './command-error.ts'

/** Longer than any line that the program writes. */
const maxLength = 2 * 1024 * 1024

/** The lines of a text that comes in pieces, without their ends. @throws CommandError for a line without an end */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const piece of pieces) {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLength) throw new CommandError('a line has no end', { kind: 'usage' })
    yield* lines
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
