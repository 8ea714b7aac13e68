/** The same choices for the same seed (mulberry32), so that what fails once fails again. */
export class Choices {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** At least 0, less than 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)]!
  }

  chance(of: number): boolean {
    return this.next() < of
  }
}

/** Texts that parsers, databases, paths and matchers stumble over. */
export const oddTexts: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\u0001',
  '\n',
  '\r\n',
  '\t',
  '\u007f',
  '\u0085',
  '\u2028',
  '\u200b',
  '\u202e',
  '\ufeff',
  '\uffff',
  '\ud800',
  '\udc00x',
  '😀',
  'İ',
  'ß',
  'é',
  'e\u0301',
  '\u0430dmin',
  '0',
  '-0',
  '-1',
  '1.5',
  '1e3',
  '1e999',
  'NaN',
  'Infinity',
  '0x10',
  '2147483647',
  '2147483648',
  '-2147483649',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '9'.repeat(400),
  'true',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'toString',
  '..',
  '../../etc/passwd',
  '//',
  '/'.repeat(3_000),
  '\\',
  "'",
  '"',
  '`',
  "' or 1=1 --",
  '%',
  '%00',
  '%2500',
  '%252e%252e',
  '_',
  '*',
  '**',
  '{a,b}'.repeat(7),
  '{'.repeat(200),
  '[a',
  '(a|b)+$',
  '$1',
  '?',
  '#',
  '&',
  '=',
  ';',
  ',',
  ':',
  '@',
  '<script>alert(1)</script>',
  '2024-01-01',
  '2024-13-45',
  '0000-00-00',
  '275760-09-13',
  '* * * * * *',
  '0 0 30 2 * *',
  'a'.repeat(65),
  'a'.repeat(300),
  'A'.repeat(4_000),
  'aA'.repeat(2_000),
  '€'.repeat(1_000),
]

/** Of `q` and `sort`, whose keys and values have a language of their own. */
export function oddQuery(choices: Choices): string {
  const key = () => choices.pick(['id', 'name', 'ProjectID', 'tags', 'labels', 'creation_time', 'public', ...oddTexts])
  const value = () => {
    const [one, other] = [choices.pick(oddTexts), choices.pick(oddTexts)]
    return choices.pick([one, `~${one}`, `[${one}~${other}]`, `{${one} ${other}}`, `(${one} ${other})`, `"${one}"`])
  }
  return Array.from({ length: 1 + Math.floor(choices.next() * 3) }, () => `${key()}=${value()}`).join(',')
}

/** JSON that is no JSON, or more than somebody should send. */
export const oddBodies: readonly string[] = [
  '',
  '{',
  '[]',
  'null',
  '0',
  '"',
  '"\\u0000"',
  '"\\ud800"',
  '{"a":1,"a":2}',
  '{"__proto__":{"admin":true}}',
  '['.repeat(20_000),
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `{${Array.from({ length: 20_000 }, (_, at) => `"k${at}":1`).join()}}`,
  `[${'0,'.repeat(50_000)}0]`,
  `"${'x'.repeat(200_000)}"`,
  `1${'0'.repeat(100_000)}`,
  '\ufeff{}',
]
