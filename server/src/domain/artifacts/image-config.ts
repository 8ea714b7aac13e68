import { budgets, parseForeignJson } from '#contract/budget.ts'
import { ContractError } from '#contract/contract-error.ts'
import { isImageConfigMediaType } from '#contract/media-types.ts'
import { parseManifest, type Descriptor, type ParsedManifest } from '#contract/manifest.ts'
import type { Admission, Reading } from '../access/admission.ts'
import type { Blobs } from '../content/blobs.ts'
import { DomainError } from '../errors.ts'
import type { StoredManifest } from './pull.ts'

/** What an image says about itself (image-spec v1.1, config.md). Fields that are not what they should be are left out. */
export interface ImageConfig {
  readonly architecture: string | undefined
  readonly os: string | undefined
  readonly author: string | undefined
  readonly created: string | undefined
  /** How it is run: Cmd, Env, Labels and so on. */
  readonly config: Readonly<Record<string, unknown>> | undefined
  /** One entry for each step of its building. */
  readonly history: readonly HistoryEntry[]
  /** Digests of the layers before compression, from the lowest; what reports of scans name a layer by. Undefined: it says none. */
  readonly diffIds: readonly string[] | undefined
}

/** The fields of image-spec v1.1 config.md §history, as far as they are there and are what they should be. */
export interface HistoryEntry {
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  readonly empty_layer?: boolean
}

/** The config of an image; undefined for an artifact that is none. @throws DomainError BLOB_UNKNOWN, BAD_REQUEST when it is too large, too deep or no JSON */
export async function readImageConfig(
  blobs: Blobs,
  admission: Admission<Reading>,
  { bytes, mediaType }: Pick<StoredManifest, 'bytes' | 'mediaType'>,
): Promise<ImageConfig | undefined> {
  const { config }: ParsedManifest = parseManifest(bytes, mediaType)
  if (config === undefined || !isImageConfigMediaType(config.mediaType)) return undefined
  const fields = await readConfigFields(blobs, admission, config)
  return {
    architecture: textOf(fields['architecture']),
    os: textOf(fields['os']),
    author: textOf(fields['author']),
    created: textOf(fields['created']),
    config: fields['config'] === undefined ? undefined : recordOf(fields['config']),
    history: Array.isArray(fields['history']) ? fields['history'].map(historyEntryOf) : [],
    diffIds: diffIdsOf(fields['rootfs']),
  }
}

/**
 * The layers that the config names, unpacked, whatever type the manifest says it has: runtimes read it as that of an image. Undefined
 * where it names none. @throws DomainError as `readImageConfig`
 */
export async function readDiffIds(
  blobs: Blobs,
  admission: Admission<Reading>,
  { bytes, mediaType }: Pick<StoredManifest, 'bytes' | 'mediaType'>,
): Promise<readonly string[] | undefined> {
  const { config }: ParsedManifest = parseManifest(bytes, mediaType)
  return config === undefined ? undefined : diffIdsOf((await readConfigFields(blobs, admission, config))['rootfs'])
}

/** The members of a config that is a JSON object; none of another. @throws DomainError as `readImageConfig` */
export async function readConfigFields(
  blobs: Blobs,
  admission: Admission<Reading>,
  { digest }: Pick<Descriptor, 'digest'>,
): Promise<Record<string, unknown>> {
  const blob = await blobs.getBlob(admission, digest)
  if (blob.size > budgets.imageConfig.maxBytes) {
    throw new DomainError(
      'BAD_REQUEST',
      `the config of this artifact has ${blob.size} bytes, which is too much to show`,
    )
  }
  return recordOf(parsed(await new Response((await blobs.openBlob(admission, blob)) as BodyInit).bytes()))
}

function parsed(written: Uint8Array): unknown {
  try {
    return parseForeignJson(written, budgets.imageConfig)
  } catch (thrown) {
    throw thrown instanceof ContractError ? new DomainError('BAD_REQUEST', thrown.message) : thrown
  }
}

function diffIdsOf(rootfs: unknown): readonly string[] | undefined {
  const named = recordOf(rootfs)['diff_ids']
  return Array.isArray(named) && named.every((each) => typeof each === 'string') ? named : undefined
}

function historyEntryOf(value: unknown): HistoryEntry {
  const entry = recordOf(value)
  const texts = ['created', 'created_by', 'author', 'comment'].flatMap((name) =>
    typeof entry[name] === 'string' ? [[name, entry[name]] as const] : [],
  )
  const empty = entry['empty_layer']
  return { ...Object.fromEntries(texts), ...(typeof empty === 'boolean' ? { empty_layer: empty } : {}) }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
