import { useTranslations } from 'use-intl'

const types = {
  IMAGE: 'image',
  CHART: 'chart',
  SBOM: 'sbom',
  'SIGNATURE.COSIGN': 'signature',
  'SIGNATURE.NOTATION': 'signature',
  'SBOM.HARBOR': 'sbom',
} as const

const artifactTypes = [
  [/spdx|cyclonedx/i, 'sbom'],
  [/cosign|sigstore|notary|signature/i, 'signature'],
  [/in-toto|attestation/i, 'attestation'],
  [/model/i, 'model'],
] as const

export type TypeKey = (typeof types)[keyof typeof types] | (typeof artifactTypes)[number][1]

/** The key of what people call an artifact; undefined where nobody has a word for it. */
export function typeKey(type: string, artifactType = ''): TypeKey | undefined {
  const known = types[type.toUpperCase() as keyof typeof types]
  return known ?? artifactTypes.find(([pattern]) => pattern.test(`${type} ${artifactType}`))?.[1]
}

/** What an artifact is called: in the reader's language, or as its own media type says. */
export function useTypeName(): (type: string, artifactType?: string) => string {
  const t = useTranslations('artifacts')
  return (type, artifactType = '') => {
    const key = typeKey(type, artifactType)
    if (key !== undefined) return t(`kinds.${key}`)
    return type === '' || type === 'UNKNOWN' ? artifactType || t('kinds.other') : type.toLowerCase()
  }
}
