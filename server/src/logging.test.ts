import { describe, expect, test } from 'bun:test'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../test/until.ts'
import { BufferedLines, createLogging, prettyLine, withoutCredentials, type LineSink } from './logging.ts'

class Collected implements LineSink {
  text = ''
  write(line: string): void {
    this.text += line
  }
  flush(): void {}
  async close(): Promise<void> {}
}

function loggingTo(format: 'json' | 'pretty', level: 'debug' | 'info' = 'info') {
  const sink = new Collected()
  return { sink, ...createLogging({ level, format }, sink) }
}

describe('what is logged', () => {
  test('is one JSON object a line, with level, time and message', () => {
    const { logger, sink } = loggingTo('json')
    logger.info({ port: 8080 }, 'listening')
    expect(JSON.parse(sink.text)).toEqual({ level: 'info', time: expect.any(String), message: 'listening', port: 8080 })
    expect(sink.text.match(/\n/g)).toHaveLength(1)
  })

  test('below the level is not written', () => {
    const { logger, sink } = loggingTo('json')
    logger.debug('quiet')
    expect(sink.text).toBe('')
  })

  test('never shows a field that is named like a secret, nor one level down', () => {
    for (const format of ['json', 'pretty'] as const) {
      const { logger, sink } = loggingTo(format)
      logger.info({ password: 'hunter2', headers: { authorization: 'Basic aHVudGVyMg==' }, token: 'hunter2' }, 'oops')
      expect(sink.text).not.toContain('hunter2')
      expect(sink.text).not.toContain('aHVudGVyMg')
      expect(sink.text).toContain('[hidden]')
    }
  })

  test('never shows the password of a URL or credentials inside an error', () => {
    const { logger, sink } = loggingTo('json')
    const cause = new Error('Authorization: Bearer eyJhbGciOiJFUzI1NiJ9.e30.sig was refused')
    logger.error({ error: new Error('cannot reach postgres://berth:hunter2@db:5432/berth', { cause }) }, 'failed')
    expect(sink.text).not.toContain('hunter2')
    expect(sink.text).not.toContain('eyJhbGciOiJFUzI1NiJ9')
    expect(sink.text).toContain('postgres://berth:[hidden]@db:5432/berth')
  })

  test('stays on its line, whatever a client calls itself', () => {
    const evil = 'x\r\n{"level":"info","message":"forged"}\u2028\u001b[31m'
    for (const format of ['json', 'pretty'] as const) {
      const { logger, sink } = loggingTo(format)
      logger.info({ agent: evil }, evil)
      expect(sink.text.match(/\n/g)).toHaveLength(1)
      expect(sink.text).not.toContain('\r')
      // oxlint-disable-next-line no-control-regex
      expect(sink.text.replace(/\u001b\[\d+m(?=[^3]|$)/g, '')).not.toContain('\u001b[31mforged')
    }
  })

  test('pretty lines carry no control character of a client to the terminal', () => {
    const line = prettyLine(
      `${JSON.stringify({ level: 'info', time: 0, message: '\u001b]0;pwned\u0007', name: '\u009b2J' })}\n`,
    )
    expect(line).not.toContain('\u001b]0;')
    expect(line).not.toContain('\u009b')
  })
})

test('credentials are cut out of text, and other text is left alone', () => {
  expect(withoutCredentials('GET http://a:8080/x?y=1 as basic user')).toBe('GET http://a:8080/x?y=1 as basic user')
  expect(withoutCredentials('https://u:p@h/x')).toBe('https://u:[hidden]@h/x')
  expect(withoutCredentials('Basic dXNlcjpwYXNz')).toBe('Basic [hidden]')
})

describe('buffered lines', () => {
  const inFile = async (work: (lines: BufferedLines, file: string) => Promise<void> | void): Promise<string> => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-log-'))
    const file = join(folder, 'log')
    const descriptor = openSync(file, 'a')
    try {
      await work(new BufferedLines(descriptor), file)
      return readFileSync(file, 'utf8')
    } finally {
      closeSync(descriptor)
      rmSync(folder, { recursive: true })
    }
  }
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => `${index}\n`)

  test('appear by themselves within a moment', async () => {
    const text = await inFile(async (lines, file) => {
      lines.write('a\n')
      await until(() => readFileSync(file, 'utf8') !== '')
    })
    expect(text).toBe('a\n')
  })

  test('are all there, in order, after close', async () => {
    const expected = numbered(100_000)
    const text = await inFile(async (lines) => {
      for (const line of expected) lines.write(line)
      await lines.close()
    })
    expect(text).toBe(expected.join(''))
  })

  test('flush needs no event loop', async () => {
    const text = await inFile((lines) => {
      lines.write('last words\n')
      lines.flush()
    })
    expect(text).toBe('last words\n')
  })

  test('are dropped and counted when nobody takes them, instead of filling the memory', async () => {
    const text = await inFile((lines) => {
      const line = `${'x'.repeat(1023)}\n`
      for (let count = 0; count < 20_000; count += 1) lines.write(line) // the event loop never gets to write
      lines.flush()
    })
    const kept = text.match(/x\n/g)!.length
    expect(text.length).toBeLessThan(9 * 1024 * 1024)
    expect(JSON.parse(text.trimEnd().split('\n').at(-1)!)).toMatchObject({
      message: 'log lines dropped',
      lines: 20_000 - kept,
    })
  })
})
