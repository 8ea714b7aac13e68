import { useTranslations } from 'use-intl'
import { artifactKindOf } from '#contract/artifact-types.ts'

/** What an artifact is called: in the reader's language, or as its own media type says. */
export function useTypeName(): (type: string, artifactType?: string, tags?: readonly string[]) => string {
  const t = useTranslations('artifacts')
  return (type, artifactType = '', tags = []) => {
    const kind = artifactKindOf(type, artifactType, tags)
    if (kind !== undefined) return t(`kinds.${kind}`)
    return type === '' || type === 'UNKNOWN' ? artifactType || t('kinds.other') : type.toLowerCase()
  }
}
