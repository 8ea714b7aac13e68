export interface HttpsRedirectOptions {
  /** Where clients reach us, when it is configured: then nothing of the request's Host is used. */
  readonly externalUrl: string | undefined
  readonly httpsPort: number
}

/**
 * The plain port's answer when HTTPS is on. 308 keeps method and body; the host comes from the configuration, or from
 * the request's Host, of which the listener lets only a well-formed one through.
 */
export function composeHttpsRedirect({ externalUrl, httpsPort }: HttpsRedirectOptions): (request: Request) => Response {
  return (request) => {
    const { hostname, pathname, search } = new URL(request.url)
    const origin = externalUrl?.startsWith('https:')
      ? externalUrl
      : `https://${hostname}${httpsPort === 443 ? '' : `:${httpsPort}`}`
    return new Response('this registry is served by https\n', {
      status: 308,
      headers: { location: `${origin}${pathname}${search}`, 'content-type': 'text/plain; charset=utf-8' },
    })
  }
}
