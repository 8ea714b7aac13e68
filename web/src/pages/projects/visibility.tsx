import { Group } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { CacheIcon, PrivateIcon, PublicIcon } from '../../components/icons.ts'
import { StatusBadge } from '../../components/values.tsx'

/** Whether everybody may pull from a project, and whether it is the cache of another registry. */
export function Visibility({
  project,
}: {
  readonly project: { readonly metadata: { readonly public: string }; readonly registry_id?: number }
}) {
  const t = useTranslations('projects')
  if (project.registry_id !== undefined)
    return (
      <Group gap={6} component="span" display="inline-flex">
        <VisibilityBadge project={project} />
        <StatusBadge tone="neutral" icon={<CacheIcon size={12} />}>
          {t('cacheOf')}
        </StatusBadge>
      </Group>
    )
  return <VisibilityBadge project={project} />
}

function VisibilityBadge({ project }: { readonly project: { readonly metadata: { readonly public: string } } }) {
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
