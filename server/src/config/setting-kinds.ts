import { isIP } from 'node:net'
import { z } from 'zod'
import { parseDuration, parseSize } from './quantities.ts'

/** The kinds of values of settings. Each kind reads text too, because the environment and flags give only text. */

/** A number or a word of YAML without quotes is the text that it was written with. */
export const written = () => z.union([z.string(), z.number(), z.boolean()]).transform(String)

export const text = () => written().pipe(z.string().trim().min(1, 'must not be empty')).meta({ kind: 'text' })

export const flag = () =>
  z
    .union([z.boolean(), z.string()])
    .transform((value, context) => {
      const known = typeof value === 'boolean' ? value : words[value.trim().toLowerCase()]
      return known ?? fail(context, value, 'must be true or false')
    })
    .meta({ kind: 'true or false' })

const words: Record<string, boolean> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
}

export const whole = (least: number, max: number) =>
  z
    .union([z.number(), z.string()])
    .transform((value, context) => {
      const number = typeof value === 'number' ? value : /^\s*\d+\s*$/.test(value) ? Number(value) : Number.NaN
      if (Number.isInteger(number) && number >= least && number <= max) return number
      return fail(context, value, `must be a whole number from ${least} to ${max}${serviceLinkHint(value)}`)
    })
    .meta({ kind: `number, ${least} to ${max}` })

/** Kubernetes sets BERTH_HTTP_PORT=tcp://… by itself when a Service is called berth-http. */
const serviceLinkHint = (value: string | number): string =>
  typeof value === 'string' && value.startsWith('tcp://')
    ? '; Kubernetes set this for a Service of that name: set enableServiceLinks: false in the pod'
    : ''

export const duration = (leastMs: number, leastText: string) =>
  z
    .union([z.string(), z.number()])
    .transform((value, context) => {
      const milliseconds = typeof value === 'string' ? parseDuration(value) : undefined
      if (milliseconds === undefined) return fail(context, value, 'must be a duration with its unit: 30s, 15m, 24h, 7d')
      return milliseconds < leastMs ? fail(context, value, `must be at least ${leastText}`) : milliseconds
    })
    .meta({ kind: 'duration' })

export const size = (least: number, max: number, range: string) =>
  z
    .union([z.string(), z.number()])
    .transform((value, context) => {
      const bytes = parseSize(String(value))
      if (bytes === undefined) return fail(context, value, 'must be a size: 4194304, 10GB (decimal), 4MiB (binary)')
      return bytes < least || bytes > max ? fail(context, value, `must be ${range}`) : bytes
    })
    .meta({ kind: 'size' })

export const list = (isValid: (item: string) => boolean, what: string) =>
  z
    .union([z.array(z.string()), z.string()])
    .transform((value, context) => {
      const items = (typeof value === 'string' ? value.split(',') : value).map((item) => item.trim()).filter(Boolean)
      const wrong = items.find((item) => !isValid(item))
      return wrong === undefined ? items : fail(context, value, `"${wrong}" is not ${what}`)
    })
    .meta({ kind: 'list' })

export const cidr = (item: string): boolean => {
  const [address = '', bits, ...rest] = item.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

/** A host, and perhaps a port, as a URL has them: nothing else of a URL. */
export const hostAndPort = (item: string): boolean =>
  URL.canParse(`https://${item}`) && new URL(`https://${item}`).host === item.toLowerCase()

/** A DNS name, perhaps with `*.` in front, or an address. */
export const isCertificateName = (item: string): boolean =>
  isIP(item) !== 0 || /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(item)

export const url = () =>
  z
    .string()
    .transform((value, context) => {
      const parsed = URL.canParse(value.trim()) ? new URL(value.trim()) : undefined
      const plain = parsed !== undefined && parsed.pathname === '/' && parsed.search === '' && parsed.hash === ''
      if (plain && /^https?:$/.test(parsed.protocol) && parsed.username === '') return parsed.origin
      return fail(context, value, 'must be http:// or https://, a host, perhaps a port, and nothing behind it')
    })
    .meta({ kind: 'URL' })

export const postgresUrl = () =>
  z
    .string()
    .refine((value) => /^postgres(ql)?:$/.test(URL.canParse(value) ? new URL(value).protocol : ''), {
      // The value itself holds a password and is not repeated.
      message: 'must be a URL: postgres://user:password@host:5432/database',
    })
    .meta({ kind: 'URL' })

export const choice = <const Options extends readonly [string, ...string[]]>(...options: Options) =>
  z.enum(options).meta({ kind: options.join(', ') })

/** A name, or one of the words for none. */
export const nameOrOff = () =>
  z
    .union([z.string(), z.number(), z.literal(false), z.null()])
    .transform((given) => {
      const value = String(given ?? '').trim()
      return ['', 'off', 'false', 'none'].includes(value) ? null : value
    })
    .refine((value) => value === null || /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(value), {
      message: 'must be a project name (lower-case letters, digits, . _ -) or off',
    })
    .meta({ kind: 'project name or off' })

export const port = () => whole(1, 65_535)

/** Reports on `value` without its text, which may be a secret in the wrong place. */
function fail(context: z.core.$RefinementCtx, value: unknown, message: string): never {
  context.issues.push({ code: 'custom', message, input: value })
  return z.NEVER
}
