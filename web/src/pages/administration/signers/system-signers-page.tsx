import { useTranslations } from 'use-intl'
import { Page } from '../../../components/page.tsx'
import { SignerList } from '../../project/signers/signer-list.tsx'

/** Signers of the registry, whose signatures count in all projects. */
export function SystemSignersPage() {
  const t = useTranslations('signatures')
  return (
    <Page title={t('title')} description={t('description')} guide="signers">
      <SignerList mayChange />
    </Page>
  )
}
