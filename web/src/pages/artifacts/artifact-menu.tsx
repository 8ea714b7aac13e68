import { Menu, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { confirmDestruction } from '../../components/confirm.ts'
import { CopyIcon, DeleteIcon, LabelIcon, PolicyIcon, TagIcon } from '../../components/icons.ts'
import { RowMenu } from '../../components/row-menu.tsx'
import { toast } from '../../components/toast.ts'
import type { Artifact, Place } from './artifact-columns.tsx'
import { CopyArtifact } from './copy-artifact.tsx'
import { deleteArtifact } from './delete-artifact.ts'
import { EditLabels } from './edit-labels.tsx'
import { isScannable } from './scan/scan-overview.ts'
import { ScanItem } from './scan/scan-item.tsx'
import { AddTag } from './add-tag.tsx'
import { SignArtifact } from './sign-artifact.tsx'

interface ArtifactMenuProps extends Place {
  readonly artifact: Artifact
  can(resource: string, action: string): boolean
  onDeleted?(): void
}

/** What can be done with an artifact, in the list and on its own page. */
export function ArtifactMenu({ projectName, repository, artifact, can, onDeleted }: ArtifactMenuProps) {
  const t = useTranslations('artifacts')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [tagging, tagForm] = useDisclosure()
  const [labelling, labelForm] = useDisclosure()
  const [copying, copyForm] = useDisclosure()
  const [signing, signForm] = useDisclosure()
  const ofSigning = useTranslations('signing')
  const place = { projectName, repository }
  const { digest } = artifact
  const tags = artifact.tags ?? []
  const short = digest.slice(0, 19)
  const immutable = tags.find((tag) => tag.immutable)?.name
  const askToDelete = () =>
    confirmDestruction({
      title: t('deleteTitle', { name: tags[0]?.name ?? short }),
      what: (
        <>
          <Text>{t('deleteWhat', { count: tags.length })}</Text>
          {tags.length > 0 && (
            <Text size="sm" c="dimmed" mt={4}>
              {tags
                .slice(0, 20)
                .map(({ name }) => name)
                .join(' · ')}
            </Text>
          )}
        </>
      ),
      final: false,
      run: async () => {
        const restore = await deleteArtifact(client, place, digest)
        onDeleted?.()
        toast(t('deletedToast', { name: tags[0]?.name ?? short }), { run: restore })
      },
    })
  return (
    <>
      <RowMenu name={tags[0]?.name ?? short}>
        {can('tag', 'create') && (
          <Menu.Item leftSection={<TagIcon size={15} />} onClick={tagForm.open}>
            {t('addTag')}
          </Menu.Item>
        )}
        {can('artifact-label', 'create') && (
          <Menu.Item leftSection={<LabelIcon size={15} />} onClick={labelForm.open}>
            {t('editLabels')}
          </Menu.Item>
        )}
        {isScannable(artifact) && can('scan', 'create') && <ScanItem place={place} artifact={artifact} />}
        {can('signature', 'create') && (
          <Menu.Item leftSection={<PolicyIcon size={15} />} onClick={signForm.open}>
            {ofSigning('sign')}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<CopyIcon size={15} />} onClick={copyForm.open}>
          {t('copyTo')}
        </Menu.Item>
        {can('artifact', 'delete') && (
          <Menu.Item
            color="red"
            leftSection={<DeleteIcon size={15} />}
            onClick={askToDelete}
            disabled={immutable !== undefined}
          >
            {common('delete')}
            {immutable !== undefined && <Text size="xs">{t('deleteImmutable', { tag: immutable })}</Text>}
          </Menu.Item>
        )}
      </RowMenu>
      {tagging && <AddTag place={place} digest={digest} onClose={tagForm.close} />}
      {labelling && <EditLabels place={place} artifact={artifact} onClose={labelForm.close} />}
      {signing && <SignArtifact place={place} digest={digest} onClose={signForm.close} />}
      {copying && <CopyArtifact place={place} digest={digest} onClose={copyForm.close} />}
    </>
  )
}
