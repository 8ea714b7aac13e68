import { eventKind, type PerhapsInProject } from './event-kind.ts'

interface OnSigner extends PerhapsInProject {
  readonly signerId: number
  readonly signer: string
  readonly kind: string
}

const signer = (fields: OnSigner): string => fields.signer

/** Whose signatures count. */
export const signatureEvents = {
  create_signer: eventKind<OnSigner>(signer),
  delete_signer: eventKind<OnSigner>(signer),
}
