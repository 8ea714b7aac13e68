/** A proxy that the environment names for an address. */
export interface ProxyInForce {
  /** `HTTPS_PROXY`, as it is written there. */
  readonly variable: string
  readonly url: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** The proxy that programs of this shell ask for the address; undefined: they go there themselves. */
export function proxyFor(url: URL, env: Environment = process.env): ProxyInForce | undefined {
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const variable = [name, name.toLowerCase(), 'ALL_PROXY', 'all_proxy'].find((each) => (env[each] ?? '') !== '')
  if (variable === undefined || isExempt(url, env['NO_PROXY'] ?? env['no_proxy'] ?? '')) return undefined
  return { variable, url: env[variable]! }
}

/** `registry.example.com,.internal,10.0.0.1:8443,*` */
function isExempt({ hostname, host }: URL, list: string): boolean {
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => {
      const bare = entry.replace(/^\*?\./, '')
      return entry === '*' || bare === hostname || bare === host || hostname.endsWith(`.${bare}`)
    })
}
