import type { MatrixRow } from './permission-matrix.ts'

const people: MatrixRow = { need: 'people' }
const response = { clientDataJSON: 'x', attestationObject: 'x' }
const passkey = { state: 'x', credential: { id: 'x', rawId: 'x', type: 'public-key', response } }

/** What people do with their own account: no robot and no personal token of theirs does. */
export const peopleMatrix: Readonly<Record<string, MatrixRow>> = {
  'GET /users/current/tokens': people,
  'POST /users/current/tokens': people,
  'DELETE /users/current/tokens/{token_id}': people,
  'GET /users/current/sessions': people,
  'DELETE /users/current/sessions/{session_id}': people,
  'GET /users/current/second_factor': people,
  'POST /users/current/second_factor': people,
  'PUT /users/current/second_factor': people,
  'POST /users/current/second_factor/proof': people,
  'POST /users/current/second_factor/removal': people,
  'POST /users/current/second_factor/recovery_codes': people,
  'GET /users/current/passkeys': people,
  'POST /users/current/passkeys': { ...people, body: passkey },
  'POST /users/current/passkeys/question': people,
  'DELETE /users/current/passkeys/{passkey_id}': people,
}
