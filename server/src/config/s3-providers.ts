import type { S3Config } from './config.ts'

type Capabilities = S3Config['capabilities']

/** A service that speaks S3, under the name that operators know. */
export interface S3Provider {
  readonly capabilities: Capabilities
  /** Where a region is reached unless the operator names an endpoint. Undefined: AWS's own rule. */
  readonly endpoint?: (region: string) => string
  /** True when the endpoint cannot be guessed, so the operator must name it. */
  readonly needsEndpoint: boolean
}

/** Capabilities that nearly every service has. */
const usual: Capabilities = {
  addressing: 'path',
  checksums: 'flexible',
  keysPerDelete: 1_000,
  partsAlike: false,
  conditionalCopies: true,
  encryption: ['AES256', 'aws:kms'],
}

/** The clouds that speak S3 beside a protocol of their own: virtual hosts, and none of the newer headers. */
const cloud: Capabilities = {
  ...usual,
  addressing: 'virtual-host',
  checksums: 'md5',
  conditionalCopies: false,
  encryption: [],
}

export const s3Providers = {
  aws: { capabilities: { ...usual, addressing: 'virtual-host' }, needsEndpoint: false },
  minio: { capabilities: usual, needsEndpoint: true },
  // Not every release looks at conditions and at encryption headers.
  seaweedfs: { capabilities: { ...usual, conditionalCopies: false, encryption: [] }, needsEndpoint: true },
  // Releases before Squid refuse the newer checksums.
  ceph: { capabilities: { ...usual, checksums: 'md5' }, needsEndpoint: true },
  // Aliyun OSS.
  oss: {
    capabilities: cloud,
    needsEndpoint: false,
    endpoint: (region) => `https://s3.oss-${region}.aliyuncs.com`,
  },
  // Tencent COS; buckets made since 2024 refuse path style.
  cos: {
    capabilities: { ...cloud, encryption: ['AES256'] },
    needsEndpoint: false,
    endpoint: (region) => `https://cos.${region}.myqcloud.com`,
  },
  // Huawei OBS.
  obs: {
    capabilities: cloud,
    needsEndpoint: false,
    endpoint: (region) => `https://obs.${region}.myhuaweicloud.com`,
  },
  // The capabilities that all of them share, apart from the form of addresses.
  other: { capabilities: { ...cloud, addressing: 'path', encryption: ['AES256', 'aws:kms'] }, needsEndpoint: true },
} as const satisfies Readonly<Record<string, S3Provider>>

export type S3ProviderName = keyof typeof s3Providers
export const s3ProviderNames = Object.keys(s3Providers) as [S3ProviderName, ...S3ProviderName[]]
/** Providers by name, without their particulars. */
export const s3ProviderOf = (name: S3ProviderName): S3Provider => s3Providers[name]
