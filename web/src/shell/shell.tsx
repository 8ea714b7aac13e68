import { Alert, Burger, Group, Kbd, UnstyledButton } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { Outlet, useLocation, useRouterState } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'
import { useSession } from '../api/session.ts'
import { ConfirmHost } from '../components/confirm-host.tsx'
import { StepUpHost } from '../components/second-factor/step-up-host.tsx'
import { SearchIcon, WarningIcon } from '../components/icons.ts'
import { LinkAnchor, LinkNav } from '../components/links.tsx'
import { Account } from './account.tsx'
import { useCrumbs } from './crumbs.ts'
import { LanguageSwitch, ThemeSwitch } from './language-and-theme.tsx'
import { Logo } from './logo.tsx'
import { navigation } from './navigation.ts'
import { openPalette, PaletteHost } from './palette-host.tsx'
import styles from './shell.module.css'

/** Navigation, header and notices around every page. */
export function Shell() {
  const t = useTranslations('shell')
  const [opened, { toggle, close }] = useDisclosure()
  const path = useLocation({ select: ({ pathname }) => pathname })
  useEffect(close, [path, close])
  useHotkeys([['Escape', close]])
  return (
    <div className={styles.shell} data-open={opened || undefined}>
      <a href="#content" className={styles.skip}>
        {t('skipToContent')}
      </a>
      <div className={styles.navbar}>
        <Navigation />
      </div>
      <div className={styles.column}>
        <header className={styles.header}>
          <Burger
            hiddenFrom="sm"
            size="sm"
            opened={opened}
            onClick={toggle}
            aria-label={opened ? t('closeNavigation') : t('openNavigation')}
            aria-expanded={opened}
          />
          <Breadcrumbs />
          <SearchButton />
          <Group gap={4} wrap="nowrap">
            <LanguageSwitch />
            <ThemeSwitch />
            <Account />
          </Group>
        </header>
        <main id="content" tabIndex={-1} className={styles.main}>
          <Notices />
          <Outlet />
        </main>
      </div>
      {opened && <div className={styles.backdrop} onClick={close} aria-hidden />}
      <ConfirmHost />
      <StepUpHost />
      <PaletteHost />
      <Progress />
    </div>
  )
}

function Navigation() {
  const t = useTranslations('shell')
  const name = useTranslations('navigation')
  const session = useSession()
  const path = useLocation({ select: ({ pathname }) => pathname })
  const isHere = (to: string) => (to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`))
  return (
    <nav aria-label={t('mainNavigation')} className={styles.navigation}>
      <LinkAnchor to="/" className={styles.brand} underline="never">
        <Logo />
      </LinkAnchor>
      {navigation.map(({ label, entries }) => {
        const shown = entries.filter(({ shownTo }) => shownTo?.(session) ?? true)
        if (shown.length === 0) return null
        return (
          <div key={label ?? ''} className={styles.group}>
            {label !== undefined && <div className={styles.groupLabel}>{name(label)}</div>}
            {shown.map(({ label: entry, to, icon: EntryIcon }) => (
              <LinkNav
                key={to}
                to={to}
                label={name(entry)}
                leftSection={<EntryIcon size={17} strokeWidth={1.75} aria-hidden />}
                active={isHere(to)}
                aria-current={isHere(to) ? 'page' : undefined}
                className={styles.entry ?? ''}
              />
            ))}
          </div>
        )
      })}
    </nav>
  )
}

function Breadcrumbs() {
  const t = useTranslations('shell')
  const crumbs = useCrumbs()
  return (
    <nav aria-label={t('breadcrumbs')} className={styles.crumbs}>
      <ol>
        {crumbs.map(({ label, to }, index) => (
          <li key={`${index} ${label}`}>
            {to === undefined ? (
              <span aria-current="page">{label}</span>
            ) : (
              <LinkAnchor to={to} c="dimmed" size="sm">
                {label}
              </LinkAnchor>
            )}
          </li>
        ))}
      </ol>
    </nav>
  )
}

const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent)

function SearchButton() {
  const t = useTranslations('shell')
  return (
    <UnstyledButton className={styles.search} onClick={openPalette}>
      <SearchIcon size={15} aria-hidden />
      <span className={styles.searchText}>{t('search')}</span>
      <Kbd size="xs" className={styles.searchKey} aria-hidden>
        {isMac ? '⌘K' : 'Ctrl K'}
      </Kbd>
    </UnstyledButton>
  )
}

function Notices() {
  const t = useTranslations('shell')
  const { open, system } = useSession()
  return (
    <>
      {open && (
        <Alert color="yellow" icon={<WarningIcon size={18} />}>
          {t('openRegistry')}
        </Alert>
      )}
      {system.read_only === true && (
        <Alert color="yellow" icon={<WarningIcon size={18} />}>
          {t('readOnly')}
        </Alert>
      )}
      {system.banner_message !== '' && <Banner text={system.banner_message} />}
    </>
  )
}

/** Harbor keeps its banner as JSON; older ones are plain text. */
function Banner({ text }: { readonly text: string }) {
  let message = text
  try {
    const parsed = JSON.parse(text) as { message?: unknown }
    if (typeof parsed.message === 'string') message = parsed.message
  } catch {
    // Plain text, as it stands.
  }
  return <Alert color="blue">{message}</Alert>
}

/** A line at the top while the next page is on its way; and the focus and the top of the page when it has come. */
function Progress() {
  const loading = useRouterState({ select: ({ status }) => status === 'pending' })
  const path = useLocation({ select: ({ pathname }) => pathname })
  const shown = useRef(path)
  useEffect(() => {
    if (shown.current !== path) document.querySelector<HTMLElement>('#content')?.focus({ preventScroll: true })
    shown.current = path
  }, [path])
  return <div className={styles.progress} data-loading={loading || undefined} aria-hidden />
}
