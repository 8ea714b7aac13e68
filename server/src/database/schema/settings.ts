/** A setting that an administrator changed at run time. A setting that was never changed has no row. */
export interface SettingTable {
  name: string
  /** JSON. */
  value: string
  updated_at: number
}
