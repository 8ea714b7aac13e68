import { Kbd, Loader, Modal, TextInput, useMantineColorScheme } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react'
import { useTranslations } from 'use-intl'
import { call } from '../api/client.ts'
import { useSession, useSignOut } from '../api/session.ts'
import {
  ArtifactIcon,
  DarkThemeIcon,
  LanguageIcon,
  ProjectIcon,
  RepositoryIcon,
  SearchIcon,
  SignOutIcon,
  type Icon,
} from '../components/icons.ts'
import { toastError } from '../components/toast.ts'
import { useLanguage } from '../i18n/language-provider.tsx'
import { languages, type Language } from '../i18n/languages.ts'
import { artifactAddress, projectAddress, repositoryAddress } from './addresses.ts'
import { themes } from './language-and-theme.tsx'
import { navigation } from './navigation.ts'
import styles from './palette.module.css'

interface Entry {
  readonly id: string
  readonly icon: Icon
  readonly label: string
  readonly hint?: string
  run(): void
}

interface Group {
  readonly label: string
  readonly entries: readonly Entry[]
}

const mostOfAKind = 8
/** As it stands on the keyboard. */
const escapeKey = 'Esc'

/** Everything by a few letters: pages, projects, repositories, artifacts, and what can be done from anywhere. */
export function Palette({ opened, onClose }: { readonly opened: boolean; onClose(): void }) {
  const t = useTranslations('palette')
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      withCloseButton={false}
      title={t('title')}
      size="lg"
      padding={0}
      yOffset="12vh"
      centered={false}
      classNames={{ header: styles.title ?? '' }}
      transitionProps={{ duration: 100 }}
    >
      <Search onClose={onClose} />
    </Modal>
  )
}

function Search({ onClose }: { onClose(): void }) {
  const t = useTranslations('palette')
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const id = useId()
  const found = useFound(text)
  const groups = [...useActions(text), ...found.groups].filter(({ entries }) => entries.length > 0)
  const entries = groups.flatMap((group) => group.entries)
  const at = Math.min(chosen, Math.max(entries.length - 1, 0))
  useEffect(() => {
    list.current?.querySelector(`[data-at="${at}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [at])
  const run = (entry: Entry | undefined) => {
    if (entry === undefined) return
    onClose()
    entry.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (move !== undefined && entries.length > 0) {
      event.preventDefault()
      setChosen((at + move + entries.length) % entries.length)
    } else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      event.preventDefault()
      run(entries[at])
    }
  }
  return (
    <>
      <TextInput
        variant="unstyled"
        size="md"
        className={styles.input ?? ''}
        placeholder={t('placeholder')}
        aria-label={t('placeholder')}
        role="combobox"
        aria-expanded
        aria-controls={id}
        aria-activedescendant={entries[at] === undefined ? undefined : `${id}-${at}`}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        leftSection={<SearchIcon size={17} />}
        rightSection={found.isSearching ? <Loader size={16} /> : null}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setChosen(0)
        }}
        onKeyDown={onKeyDown}
      />
      <div id={id} ref={list} role="listbox" aria-label={t('title')} className={styles.list}>
        {groups.map(({ label, entries: ofGroup }) => (
          <div key={label} role="group" aria-label={label}>
            <div className={styles.group} aria-hidden>
              {label}
            </div>
            {ofGroup.map((entry) => {
              const index = entries.indexOf(entry)
              const EntryIcon = entry.icon
              return (
                // Keys go to the field, which points here.
                // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
                <div
                  key={entry.id}
                  id={`${id}-${index}`}
                  role="option"
                  tabIndex={-1}
                  aria-selected={index === at}
                  data-at={index}
                  className={styles.entry}
                  onClick={() => run(entry)}
                  onPointerMove={() => setChosen(index)}
                >
                  <EntryIcon size={16} strokeWidth={1.75} aria-hidden />
                  <span className={styles.label}>{entry.label}</span>
                  {entry.hint !== undefined && <span className={styles.hint}>{entry.hint}</span>}
                </div>
              )
            })}
          </div>
        ))}
        {entries.length === 0 && !found.isSearching && (
          <div role="option" aria-selected={false} aria-disabled tabIndex={-1} className={styles.nothing}>
            {t('nothing', { text })}
          </div>
        )}
      </div>
      <div className={styles.foot} aria-hidden>
        <Kbd size="xs">↑</Kbd>
        <Kbd size="xs">↓</Kbd> {t('choose')} <Kbd size="xs">↵</Kbd> {t('open')} <Kbd size="xs">{escapeKey}</Kbd>{' '}
        {t('close')}
      </div>
    </>
  )
}

/** Pages and commands whose name has the text. */
function useActions(text: string): readonly Group[] {
  const t = useTranslations('palette')
  const name = useTranslations('navigation')
  const shell = useTranslations('shell')
  const router = useRouter()
  const session = useSession()
  const signOut = useSignOut()
  const { language, choose } = useLanguage()
  const { setColorScheme } = useMantineColorScheme()
  const wanted = text.trim().toLowerCase()
  const matches = ({ label, hint = '' }: Entry) => `${label} ${hint}`.toLowerCase().includes(wanted)
  const pages = navigation
    .flatMap(({ entries }) => entries)
    .filter(({ shownTo }) => shownTo?.(session) ?? true)
    .map(({ label, to, icon }): Entry => ({ id: to, icon, label: name(label), run: () => router.history.push(to) }))
  const commands: readonly Entry[] = [
    ...(Object.keys(languages) as Language[])
      .filter((code) => code !== language)
      .map((code): Entry => ({
        id: `language ${code}`,
        icon: LanguageIcon,
        label: shell('switchLanguage', { language: languages[code] }),
        run: () => choose(code),
      })),
    ...themes.map(({ name: scheme, label }): Entry => ({
      id: `theme ${scheme}`,
      icon: DarkThemeIcon,
      label: t('useTheme', { theme: shell(label) }),
      run: () => setColorScheme(scheme),
    })),
    ...(session.user === undefined
      ? []
      : [
          {
            id: 'sign-out',
            icon: SignOutIcon,
            label: shell('signOut'),
            run: () => void signOut().catch(toastError),
          },
        ]),
  ]
  return [
    { label: t('pages'), entries: pages.filter(matches) },
    // The list of everything that can be done is for who looks for it.
    { label: t('actions'), entries: wanted === '' ? [] : commands.filter(matches) },
  ]
}

/** What the registry has under the text. */
function useFound(text: string): { readonly groups: readonly Group[]; readonly isSearching: boolean } {
  const t = useTranslations('palette')
  const router = useRouter()
  const [wanted] = useDebouncedValue(text.trim(), 150)
  const { data, isFetching } = useQuery({
    queryKey: ['palette', wanted],
    queryFn: async () => await findEverywhere(wanted),
    enabled: wanted !== '',
    placeholderData: keepPreviousData,
  })
  const go = (address: { to: string; params: never }) => () => void router.navigate(address)
  if (wanted === '' || data === undefined) return { groups: [], isSearching: isFetching }
  const groups: readonly Group[] = [
    {
      label: t('artifacts'),
      entries: data.artifacts.map(({ repository, reference }) => ({
        id: `artifact ${repository} ${reference}`,
        icon: ArtifactIcon,
        label: `${repository}${reference.includes(':') ? '@' : ':'}${reference}`,
        run: go(artifactAddress(repository, reference)),
      })),
    },
    {
      label: t('projects'),
      entries: data.projects.map(({ name, repositories }) => ({
        id: `project ${name}`,
        icon: ProjectIcon,
        label: name,
        hint: t('repositoryCount', { count: repositories }),
        run: go(projectAddress(name)),
      })),
    },
    {
      label: t('repositories'),
      entries: data.repositories.map(({ name, artifacts }) => ({
        id: `repository ${name}`,
        icon: RepositoryIcon,
        label: name,
        hint: t('artifactCount', { count: artifacts }),
        run: go(repositoryAddress(name)),
      })),
    },
  ]
  return { groups, isSearching: isFetching || wanted !== text.trim() }
}

async function findEverywhere(text: string) {
  const reference = parseReference(text)
  const [found, artifact] = await Promise.all([
    call('GET /search', { query: { q: reference?.repository ?? text } }),
    reference === undefined ? undefined : findArtifact(reference),
  ])
  return {
    artifacts: artifact === undefined ? [] : [artifact],
    projects: found.project.slice(0, mostOfAKind).map(({ name, repo_count }) => ({ name, repositories: repo_count })),
    repositories: found.repository
      .slice(0, mostOfAKind)
      .map(({ repository_name, artifact_count = 0 }) => ({ name: repository_name, artifacts: artifact_count })),
  }
}

interface NamedArtifact {
  readonly repository: string
  readonly reference: string
}

/** `project/app:v1` or `project/app@sha256:…`, also with this registry's name before it. */
function parseReference(text: string): NamedArtifact | undefined {
  const bare = text.startsWith(`${window.location.host}/`) ? text.slice(window.location.host.length + 1) : text
  const [, repository = '', tag, digest] =
    /^([a-z0-9][\w./-]*\/[\w./-]+)(?::([\w][\w.-]*)|@([a-z0-9]+:[a-f0-9]{32,}))$/.exec(bare) ?? []
  const reference = tag ?? digest
  return reference === undefined ? undefined : { repository, reference }
}

/** By the list and not by its address: one that is not there is an empty list and no error. */
async function findArtifact({ repository, reference }: NamedArtifact): Promise<NamedArtifact | undefined> {
  const slash = repository.indexOf('/')
  const projectName = repository.slice(0, slash)
  const { repository: found } = await call('GET /search', { query: { q: repository } })
  if (!found.some(({ repository_name: name }) => name === repository)) return undefined
  const q = reference.includes(':') ? `digest=${reference}` : `tags=${reference}`
  const rows = await call('GET /projects/{project_name}/repositories/{repository_name}/artifacts', {
    params: { project_name: projectName, repository_name: repository.slice(slash + 1) },
    query: { q, page_size: 1 },
  })
  return rows.length === 0 ? undefined : { repository, reference }
}
