import { Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { LinkAnchor } from '../../../components/links.tsx'
import { Count } from '../../../components/values.tsx'
import type { Severity } from '../../artifacts/scan/vulnerability-rows.ts'
import styles from './severity-bar.module.css'

/** How many findings there are of each severity; each leads to them. */
export function SeverityBar({ counts }: { readonly counts: readonly (readonly [Severity, number])[] }) {
  const t = useTranslations('scan')
  const some = counts.filter(([, count]) => count > 0)
  return (
    <div>
      <div className={styles.bar} aria-hidden>
        {some.map(([severity, count]) => (
          <div key={severity} className={styles.part} data-severity={severity} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul className={styles.legend}>
        {some.map(([severity, count]) => (
          <li key={severity}>
            <span className={`${styles.dot} ${styles.part}`} data-severity={severity} aria-hidden />
            <LinkAnchor to="/administration/security/findings" search={{ severity }} c="inherit" underline="hover">
              {t(`severities.${severity}`)}
            </LinkAnchor>
            <Text span c="dimmed">
              <Count value={count} />
            </Text>
          </li>
        ))}
      </ul>
    </div>
  )
}
