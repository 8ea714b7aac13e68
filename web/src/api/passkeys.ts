import { call, fetchChecked } from './client.ts'

interface Question {
  readonly options: unknown
  readonly state: string
}

/** The part of Web Authentication, level 3, that libraries of TypeScript do not have yet. */
interface JsonCredentials {
  parseCreationOptionsFromJSON(options: unknown): PublicKeyCredentialCreationOptions
  parseRequestOptionsFromJSON(options: unknown): PublicKeyCredentialRequestOptions
}

/** Browsers have authenticators for pages with a name, not a bare address, that came by TLS or from the own machine. */
export function mayUsePasskeys(): boolean {
  const isAddress = /^\[|^[\d.]+$/.test(window.location.hostname)
  if (isAddress || !window.isSecureContext) return false
  return 'PublicKeyCredential' in window && 'parseRequestOptionsFromJSON' in PublicKeyCredential
}

const parser = (): JsonCredentials => PublicKeyCredential as unknown as JsonCredentials

/** Makes a key in an authenticator of this person. @throws ApiError, DOMException when they changed their mind */
export async function createPasskey(name: string): Promise<void> {
  const { options, state } = await call('POST /users/current/passkeys/question')
  const made = await navigator.credentials.create({ publicKey: parser().parseCreationOptionsFromJSON(options) })
  const credential = (made as PublicKeyCredential).toJSON() as {
    id: string
    rawId: string
    response: { clientDataJSON: string; attestationObject: string }
  }
  const { id, rawId, response } = credential
  const { clientDataJSON, attestationObject } = response
  await call('POST /users/current/passkeys', {
    body: {
      name,
      state,
      credential: { id, rawId, type: 'public-key', response: { clientDataJSON, attestationObject } },
    },
  })
}

/** Signs in whoever an authenticator here knows. @throws ApiError, DOMException when they changed their mind */
export async function signInByPasskey(): Promise<void> {
  const asked = await fetchChecked('/c/passkey_question', { method: 'POST' })
  const { options, state } = (await asked.json()) as Question
  const credential = await navigator.credentials.get({ publicKey: parser().parseRequestOptionsFromJSON(options) })
  await fetchChecked('/c/passkey_login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ state, credential }),
  })
}

/** Somebody closed the browser's window, or it waited too long: nothing went wrong. */
export const wasPutAway = (error: unknown): boolean =>
  error instanceof DOMException && (error.name === 'NotAllowedError' || error.name === 'AbortError')
