/** As Harbor's rule, without what Basic authentication (`:`) and robot names (`$`) need for themselves. */
export function isUsername(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /^[^,"~#%$:\\\u0000-\u001f\u007f]{1,255}$/u.test(text) && text.trim() === text
}
