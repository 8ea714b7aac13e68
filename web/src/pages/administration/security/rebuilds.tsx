import { Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../api/client.ts'
import { query } from '../../../api/queries.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { Section } from '../../../components/page.tsx'
import { Count, Digest, StatusBadge } from '../../../components/values.tsx'
import { ImageLink } from './image-link.tsx'

type Rebuild = RowOf<'GET /security/rebuilds'>

/** Base images that bring findings into others: building one again mends all of them. */
export function Rebuilds() {
  const t = useTranslations('security')
  const scan = useTranslations('scan')
  const { data, error } = useQuery(query('GET /security/rebuilds', {}))
  const columns: readonly Column<Rebuild>[] = [
    { key: 'base', header: t('base'), width: 'minmax(12rem, 3fr)', cell: (row) => <Base row={row} /> },
    {
      key: 'exploited',
      header: t('exploited'),
      width: '8.5rem',
      from: 'sm',
      cell: ({ exploited }) =>
        exploited > 0 && <StatusBadge tone="bad">{scan('exploitedCount', { count: exploited })}</StatusBadge>,
    },
    {
      key: 'fixable',
      header: t('mended'),
      width: '8rem',
      align: 'end',
      cell: ({ fixable }) => <Count value={fixable} />,
    },
    {
      key: 'images',
      header: t('images'),
      width: '6rem',
      from: 'sm',
      align: 'end',
      cell: ({ images }) => <Count value={images} />,
    },
    {
      key: 'pulled',
      header: t('recentlyPulled'),
      width: '9rem',
      from: 'md',
      align: 'end',
      cell: ({ recently_pulled: pulled }) => <Count value={pulled} />,
    },
  ]
  if (data?.length === 0) return null
  return (
    <Section flush title={t('rebuilds')} description={t('rebuildsText')}>
      <DataList
        label={t('rebuilds')}
        rows={wholeList(data, error)}
        columns={columns}
        keyOf={({ layers, base }) => base?.digest ?? layers[0] ?? ''}
        below={({ images, recently_pulled: pulled }) => (
          <>
            {t('inImages', { count: images })}
            <br />
            {t('pulledOfLate', { count: pulled })}
          </>
        )}
        phoneHeight={88}
        detail={(row) => ({ label: t('showRebuild'), content: <Detail row={row} /> })}
        empty={null}
      />
    </Section>
  )
}

/** The base image itself, what the images call it, or else a layer without a name. */
function Base({ row: { base, base_name: name, layers } }: { readonly row: Rebuild }) {
  const t = useTranslations('security')
  if (base !== undefined) return <ImageLink image={base} />
  if (name !== undefined)
    return (
      <Text size="sm" fw={500} truncate title={name}>
        {name}
      </Text>
    )
  return (
    <Text size="sm" truncate title={layers.join('\n')}>
      {t('sharedLayer', { digest: layers[0]?.slice(0, 19) ?? '' })}
    </Text>
  )
}

function Detail({ row: { base, layers, examples } }: { readonly row: Rebuild }) {
  const t = useTranslations('security')
  return (
    <Stack gap="xs" py="xs">
      <Text size="sm">{t(base === undefined ? 'rebuildUnknown' : 'rebuildKnown')}</Text>
      {examples.length > 0 && (
        <Group gap="md">
          <Text size="sm" c="dimmed">
            {t('examples')}
          </Text>
          {examples.map((image) => (
            <ImageLink key={`${image.repository_name}@${image.digest}`} image={image} />
          ))}
        </Group>
      )}
      <Group gap="md">
        <Text size="sm" c="dimmed">
          {t('layers')}
        </Text>
        {layers.map((layer) => (
          <Digest key={layer} digest={layer} />
        ))}
      </Group>
    </Stack>
  )
}
