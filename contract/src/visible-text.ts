/**
 * Characters that are not seen, or that change where others are seen: controls and formats, private and unassigned
 * ones, ends of lines and paragraphs, fillers (UAX 44, Default_Ignorable_Code_Point; the empty braille cell).
 */
const invisible = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u

/** Whether every character of a name shows, so that two names that differ look different at the least. */
export const isVisibleText = (text: string): boolean => !invisible.test(text)

/** The text with `instead` for each run of characters that do not show. */
export const withoutInvisible = (text: string, instead: string): string =>
  text.replace(new RegExp(`${invisible.source}+`, 'gu'), instead)
