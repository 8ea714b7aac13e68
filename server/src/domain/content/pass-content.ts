import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import type { Admission } from '../access/admission.ts'
import { gates, pass } from '../policies/gates.ts'

/** The content gates of a blob. `addedBytes` is its size where its bytes come in, and 0 where it is linked. */
export async function passContent(
  reader: Reader,
  admission: Admission<keyof typeof gates.content>,
  digest: Digest,
  addedBytes: number,
): Promise<void> {
  await pass(gates.content[admission.operation], { reader, admission, kind: 'blob', digest, addedBytes })
}
