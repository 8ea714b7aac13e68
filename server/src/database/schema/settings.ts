/** What an administrator changed at run time; a setting that was never changed has no row. */
export interface SettingTable {
  name: string
  /** JSON. */
  value: string
  updated_at: number
}
