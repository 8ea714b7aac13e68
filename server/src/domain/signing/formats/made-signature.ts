import type { KeyObject } from 'node:crypto'
import type { Digest } from '#contract/digest.ts'

/** What is signed. */
export interface SigningSubject {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  /** Where it lies: `registry.example.com/project/name`. */
  readonly name: string
}

/** A key that signs now. */
export interface OpenKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** PEM, of the key itself. */
  readonly certificate: string
}

/** A signature as it lies in the registry: the one layer of a manifest, and what the manifest says. */
export interface MadeSignature {
  /** Undefined for a manifest that says it by the type of its configuration, as older tools expect it. */
  readonly artifactType: string | undefined
  readonly configType: string
  readonly layerType: string
  readonly layer: Uint8Array
  readonly layerAnnotations: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export type MakeSignature = (key: OpenKey, subject: SigningSubject, now: number) => MadeSignature

export const createdAnnotation = 'org.opencontainers.image.created'

/** RFC 3339, to the second. */
export const secondsOf = (now: number): string => `${new Date(now).toISOString().slice(0, 19)}Z`
