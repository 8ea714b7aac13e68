/** Values that JSON.stringify keeps: payloads, results and the state of a job between attempts. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }
