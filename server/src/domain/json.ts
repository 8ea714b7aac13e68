/** What JSON.stringify keeps: payloads, results and what a job remembers between attempts. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }
