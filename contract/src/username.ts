import { isVisibleText } from './visible-text.ts'

/** Scripts with letters that look like Latin ones. A name has letters of one of them at the most. */
const latinLike = ['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Cherokee', 'Coptic', 'Lisu', 'Deseret', 'Old_Italic']
const scripts = latinLike.map((name) => new RegExp(`\\p{Script=${name}}`, 'u'))

/**
 * As Harbor's rule, without what Basic authentication (`:`) and robot names (`$`) need for themselves, and without what
 * makes two names look like one: invisible characters, compatibility forms (UAX 15), letters of scripts that look alike.
 */
export function isUsername(text: string): boolean {
  if (!/^[^,"~#%$:\\]{1,255}$/u.test(text) || text.trim() !== text) return false
  if (!isVisibleText(text) || /[^\P{Zs} ]/u.test(text) || text.normalize('NFKC') !== text) return false
  return scripts.filter((script) => script.test(text)).length <= 1
}

/** The key by which names of accounts are compared: two names with one key are one name. */
export function usernameKey(username: string): string {
  return username.normalize('NFKC').toLowerCase().toUpperCase().toLowerCase().normalize('NFKC')
}

/**
 * The name as it looks at a glance: without accents, and with letters of other scripts as the Latin ones they resemble
 * (UTS 39, the part that matters for names in Latin letters). Names of administrators are compared by it.
 */
export function usernameSkeleton(username: string): string {
  const plain = usernameKey(username).normalize('NFKD').replace(/\p{M}/gu, '')
  const latin = [...plain].map((character) => resemblances.get(character) ?? character).join('')
  return latin.replaceAll('rn', 'm').replaceAll('vv', 'w').replaceAll('cl', 'd')
}

/** A Latin letter or digit, then the characters that are taken for it. */
const resemblances = new Map(
  [
    ['a', 'аαɑᴀꭺա'],
    ['b', 'ƅьвᏏЬβꮟ'],
    ['c', 'сϲᴄⲥ'],
    ['d', 'ԁɗđꭰ'],
    ['e', 'еεєҽꭼ℮'],
    ['f', 'ƒϝքẝ'],
    ['g', 'ɡցǥԍ'],
    ['h', 'һհнᏂꮒħ'],
    ['j', 'јϳյ'],
    ['k', 'кκĸ'],
    // One stroke, with or without a dot.
    ['l', 'i1|ıіιӏɩǀιꭵłⲓ!'],
    ['m', 'мꮇ'],
    ['n', 'пηոռ'],
    ['o', '0оοօσⲟø'],
    ['p', 'рρⲣ'],
    ['q', 'ԛզգ'],
    ['r', 'гᴦꮁ'],
    ['s', 'ѕꜱ5$ꮪ'],
    ['t', 'тτᴛ'],
    ['u', 'υսᴜцμ'],
    ['v', 'νѵᴠꮩ'],
    ['w', 'ѡԝωաꮃ'],
    ['x', 'хχⲭ'],
    ['y', 'уγүყꮍ'],
    ['z', 'ᴢꮓ'],
  ].flatMap(([latin = '', alike = '']) => [...alike].map((character) => [character, latin] as const)),
)
