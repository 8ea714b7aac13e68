import { expect, test } from 'bun:test'
import { isUsername, usernameKey, usernameSkeleton } from './username.ts'

test.each([
  'ada',
  'Ada King',
  'ada@example.org',
  'j.o-e_1+x',
  'Zoë',
  '张三',
  'ada张',
  '田中taro',
  '홍길동',
  'Иван',
  'Ωρίων',
  'محمد',
  'x'.repeat(255),
])('%p is a username', (name) => expect(isUsername(name)).toBe(true))

test.each([
  '',
  ' ada',
  'ada ',
  'a,b',
  'a"b',
  'a~b',
  'a#b',
  'a%b',
  'a$b',
  'a:b',
  'a\\b',
  'x'.repeat(256),
  'a\u0000b',
  'a\nb',
  'a\u007fb',
  'a\u0085b',
  'admin\u200b',
  '\u202enimda',
  'admin\u2028x',
  'admin\u2029x',
  'ad\u00admin',
  'ad\u200dmin',
  '\ufeffadmin',
  'ad\u2060min',
  'ad\u180emin',
  'ad\u034fmin',
  'ad\u115fmin',
  'ad\u3164min',
  'ad\uffa0min',
  'ad\ufe0fmin',
  'ad\u2800min',
  'ad\ue000min',
  'ad\ud800min',
  'ad\u{e0061}min',
  'ad\u0378min',
  'ad\u00a0min',
  'ad\u2003min',
  'ad\u3000min',
  'ad\u1680min',
  '\uff41dmin',
  '\u{1d41a}dmin',
  'a\u0308',
  '\ufb01n',
  '\u2460',
  '\u212bngstrom',
  '\u0430dmin',
  'adm\u0456n',
  'a\u0501min',
  '\u03b1dmin',
  'adm\u03b9n',
  'adm\u0131\u03bd',
  '\u13aadmin',
  '\u0561dmin',
  'Ива\u03bd',
])('%p is none', (name) => expect(isUsername(name)).toBe(false))

test.each([
  ['admin', 'ADMIN'],
  ['admin', 'Admin'],
  ['straße', 'STRASSE'],
  ['zoë', 'ZOË'],
  ['Иван', 'иВАН'],
  ['σίσυφος', 'ΣΊΣΥΦΟΣ'],
  ['Kelvin', '\u212aelvin'],
])('%p and %p are one name', (one, other) => expect(usernameKey(one)).toBe(usernameKey(other)))

test('names that differ in more than case are two', () => {
  expect(new Set(['ada', 'adá', 'a da', 'ada1', 'adа'].map(usernameKey)).size).toBe(5)
})

test.each(['àdmin', 'adm1n', 'admln', 'adrnin', 'аԁміп', 'admın', 'ADMlN', 'αdmιn', 'ꭺꭰꮇꭵn'])(
  '%p looks like admin',
  (name) => expect(usernameSkeleton(name)).toBe(usernameSkeleton('admin')),
)

test.each(['admin1', 'administrator', 'badmin', 'adm', 'damin', 'админ'])('%p does not look like admin', (name) =>
  expect(usernameSkeleton(name)).not.toBe(usernameSkeleton('admin')),
)
