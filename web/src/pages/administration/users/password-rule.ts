/** The server's rule for passwords, asked before they are sent. */
export function isStrongPassword(password: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/]
  return password.length >= 8 && password.length <= 128 && kinds.every((kind) => kind.test(password))
}
