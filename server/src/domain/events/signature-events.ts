import { eventKind, type InRepository, type PerhapsInProject } from './event-kind.ts'

interface OnSigner extends PerhapsInProject {
  readonly signerId: number
  readonly signer: string
  readonly kind: string
}

interface OnKey extends PerhapsInProject {
  readonly keyId: number
  readonly key: string
}

type Signing = InRepository & { readonly keyId: number; readonly key: string; readonly forms: readonly string[] }
type Request = InRepository & { readonly requestId: number }

const signer = (fields: OnSigner): string => fields.signer

const keyName = ({ key }: OnKey): string => key
const onArtifact = ({ repository, digest }: InRepository): string => `${repository}@${digest}`

/** Whose signatures count, and signing by the registry. */
export const signatureEvents = {
  create_signer: eventKind<OnSigner>(signer),
  delete_signer: eventKind<OnSigner>(signer),
  create_signature_key: eventKind<OnKey>(keyName),
  rotate_signature_key: eventKind<OnKey>(keyName),
  revoke_signature_key: eventKind<OnKey>(keyName),
  /** A key was used; the signature itself is an artifact that was pushed. */
  sign_artifact: eventKind<Signing & { readonly requestId?: number }>(onArtifact),
  request_signature: eventKind<Request & { readonly keyId: number }>(onArtifact),
  reject_signature: eventKind<Request & { readonly reason: string }>(onArtifact),
}
