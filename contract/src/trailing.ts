/**
 * The text without the characters at its end. An expression such as `/x+$/` would begin anew at each of them, and take
 * time in the square of their number where something else follows.
 */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === character) end -= 1
  return text.slice(0, end)
}
