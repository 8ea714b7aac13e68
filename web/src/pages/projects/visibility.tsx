import { useTranslations } from 'use-intl'
import { PrivateIcon, PublicIcon } from '../../components/icons.ts'
import { StatusBadge } from '../../components/values.tsx'

/** Whether everybody may pull from a project. */
export function Visibility({ project }: { readonly project: { readonly metadata: { readonly public: string } } }) {
  const t = useTranslations('projects')
  return project.metadata.public === 'true' ? (
    <StatusBadge tone="accent" icon={<PublicIcon size={12} />}>
      {t('public')}
    </StatusBadge>
  ) : (
    <StatusBadge tone="neutral" icon={<PrivateIcon size={12} />}>
      {t('private')}
    </StatusBadge>
  )
}
