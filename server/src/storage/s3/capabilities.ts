/**
 * The abilities of a service that speaks S3, as far as services differ. They are declared here and asked for where they
 * matter. Code never asks which service it is.
 */
export interface S3Capabilities {
  /** `bucket.host/key`, or `host/bucket/key`. */
  readonly addressing: 'virtual-host' | 'path'
  /**
   * How it checks that what arrives is what was sent: by S3's newer checksums, which it also keeps and gives back, or by
   * Content-MD5 alone. Batch deletes carry Content-MD5 everywhere: every service takes it and some insist.
   */
  readonly checksums: 'flexible' | 'md5'
  /** Keys in one batch delete. */
  readonly keysPerDelete: number
  /** Whether all parts but the last must have one size. */
  readonly partsAlike: boolean
  /** Whether a copy is refused when the source has changed; else the bytes pass through us and are compared. */
  readonly conditionalCopies: boolean
  /** Kinds of server-side encryption that a request can ask for; elsewhere the bucket decides. */
  readonly encryption: readonly S3EncryptionAlgorithm[]
}

export type S3EncryptionAlgorithm = 'AES256' | 'aws:kms'
