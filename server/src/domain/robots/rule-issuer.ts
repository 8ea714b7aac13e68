const maxLength = 1_024

/**
 * Whether it is an issuer that a rule may name: HTTPS, with nothing that would change the address at which it is asked
 * (OpenID Connect Discovery 1.0 §4), and written in one way, since it is compared with what tokens say.
 */
export function isIssuer(text: string): boolean {
  if (text.length > maxLength || !/^https:\/\/[^\s?#@\\]+$/.test(text) || !URL.canParse(text)) return false
  const { href } = new URL(text)
  return href === text || href === `${text}/`
}
