/** Keys that seal the secrets of other tables, each sealed with the outer key, which lies elsewhere. */
export interface SecretKeyTable {
  /** Random, in hexadecimal: it stands in every value that the key sealed. */
  id: string
  /** The key, sealed. */
  wrapped: string
  /** A hash of the outer key that it is sealed with. */
  outer_key_id: string
  created_at: number
  /** Seals nothing from then on; opens what it sealed until all of that is sealed anew. Of one key it is null. */
  retired_at: number | null
}
