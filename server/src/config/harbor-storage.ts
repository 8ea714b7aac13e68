import { isFalse, isTree, isTrue, take, textOf, type Tree } from './setting-tree.ts'

/** Where Harbor's registry keeps its bytes, as our own bucket; the folder is moved with the other keys. */

/** Puts a value at our path, unless the file says the same in our own words. */
export type Give = (ours: string, value: unknown, harbors: string) => void

/** Keys of Distribution's S3 driver → ours. */
const s3Keys: Record<string, string> = {
  accesskey: 'access_key',
  secretkey: 'secret_key',
  region: 'region',
  bucket: 'bucket',
  forcepathstyle: 'path_style',
  keyid: 'kms_key',
}
/** Keys that hold here anyway, or that concern Harbor's driver alone. */
const s3Harmless = [
  'v4auth',
  'chunksize',
  'multipartcopychunksize',
  'multipartcopymaxconcurrency',
  'loglevel',
  'secure',
]

export function translateS3(raw: Tree, section: string, give: Give, warnings: string[]): void {
  const driver = take(raw, `${section}.s3`)
  const redirect = take(raw, `${section}.redirect`)
  if (!isTree(driver)) {
    if (isTree(redirect) && isFalse(redirect['disable'] ?? redirect['disabled'])) {
      warnings.push(`${section}.redirect is not used: only object storage can be redirected to`)
    }
    return
  }
  const from = (key: string) => `${section}.s3.${key}`
  for (const [harbors, ours] of Object.entries(s3Keys)) {
    if (driver[harbors] !== undefined && driver[harbors] !== null) give(`s3.${ours}`, driver[harbors], from(harbors))
  }
  const { regionendpoint: endpoint, rootdirectory: root, encrypt } = driver
  if (typeof endpoint === 'string' && endpoint !== '') {
    const scheme = isFalse(driver['secure']) ? 'http' : 'https'
    give('s3.endpoint', endpoint.includes('://') ? endpoint : `${scheme}://${endpoint}`, from('regionendpoint'))
  }
  const prefix = textOf(root, '').replace(/^\/+|\/+$/g, '')
  if (prefix !== '') give('s3.prefix', prefix, from('rootdirectory'))
  if (isTrue(encrypt)) give('s3.encryption', driver['keyid'] === undefined ? 'AES256' : 'aws:kms', from('encrypt'))
  // Harbor redirects unless it is told not to; until 1.10 the word was `disabled`.
  const stays = isTree(redirect) && isTrue(redirect['disable'] ?? redirect['disabled'])
  give('s3.redirect', !stays, `${section}.redirect`)
  const known = [...Object.keys(s3Keys), ...s3Harmless, 'regionendpoint', 'rootdirectory', 'encrypt']
  for (const key of Object.keys(driver)) {
    if (!known.includes(key)) warnings.push(`${from(key)} is not used: it has no meaning here`)
  }
  warnings.push(
    `${section}.s3: blobs that Harbor keeps in this bucket are not seen; take them over by berth import registry --from s3://… --in-place`,
  )
}

/** Names what is left in a section that is wholly Harbor's, and removes it. */
export function warnRest(raw: Tree, section: string, warnings: string[]): void {
  const rest = take(raw, section)
  if (rest === undefined || rest === null) return
  if (!isTree(rest)) {
    if (rest !== 'filesystem' && rest !== 's3')
      warnings.push(`${section} is not used: blobs are kept in a folder or in S3`)
    return
  }
  for (const [key, value] of Object.entries(rest)) {
    if (isTree(value) && Object.keys(value).length === 0) continue
    const storage = section.startsWith('storage')
    if (storage && key === 'name' && (value === 'filesystem' || value === 's3')) continue
    const reason = storage
      ? 'blobs are kept in a folder (storage.folder) or in S3 (s3.bucket)'
      : 'it has no meaning here'
    warnings.push(`${section}.${key} is not used: ${reason}`)
  }
}
