import { expect, test } from 'bun:test'
import { csvLine } from './csv.ts'

test.each([
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ["+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"],
  ['-1+1', "'-1+1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\tx', "'\tx"],
  ['@angular/core', '@angular/core'],
  ['@a/b(c)', "'@a/b(c)"],
  ['CVE-2026-0001', 'CVE-2026-0001'],
])('%j is written as %j: nothing is computed, and no id is changed', (cell, written) => {
  expect(csvLine([cell, 'x'])).toBe(`${written},x\n`)
})
