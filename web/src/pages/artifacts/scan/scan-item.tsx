import { Menu } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { ScanIcon } from '../../../components/icons.ts'
import { toast, toastError } from '../../../components/toast.ts'
import type { Artifact, Place } from '../artifact-columns.tsx'
import { isUnderWay, overviewOf, useScanCommands } from './scan-overview.ts'

/** The entry of an artifact's menu that scans it. */
export function ScanItem({ place, artifact }: { readonly place: Place; readonly artifact: Artifact }) {
  const t = useTranslations('scan')
  const { start } = useScanCommands(place, artifact)
  const overview = overviewOf(artifact)
  const scan = async () => {
    await start()
    toast(t('started'))
  }
  return (
    <Menu.Item
      leftSection={<ScanIcon size={15} />}
      disabled={isUnderWay(overview)}
      onClick={() => void scan().catch(toastError)}
    >
      {t(overview === undefined ? 'scan' : 'scanAgain')}
    </Menu.Item>
  )
}
