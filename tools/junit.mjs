const entities = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const unescape = (text) =>
  text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hexadecimal, name) =>
    name
      ? (entities[name] ?? whole)
      : String.fromCodePoint(decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16)),
  )

/** Every test of a JUnit report as Bun writes it: { file, name, outcome, seconds }. */
export function parseJunit(xml) {
  const tests = []
  for (const [, attributes, selfClosing, body = ''] of xml.matchAll(
    /<testcase\b((?:[^>"]|"[^"]*")*?)(?:(\/)>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const of = (name) => unescape(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? '')
    const group = of('classname')
    const outcome = selfClosing
      ? 'passed'
      : /<(failure|error)\b/.test(body)
        ? 'failed'
        : /<skipped\b/.test(body)
          ? 'skipped'
          : 'passed'
    const name = group ? `${group} › ${of('name')}` : of('name')
    tests.push({ file: of('file'), name, outcome, seconds: Number(of('time')) || 0 })
  }
  return tests
}
