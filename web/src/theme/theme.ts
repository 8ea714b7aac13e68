import { createTheme, type MantineColorsTuple } from '@mantine/core'

const harbour: MantineColorsTuple = [
  '#eef6fb',
  '#d8ebf5',
  '#b1d6ea',
  '#84bddc',
  '#57a4cc',
  '#2f8ab8',
  '#1d75a1',
  '#176286',
  '#124d6a',
  '#0c3a50',
]

const gray: MantineColorsTuple = [
  '#f7f9fa',
  '#eff2f5',
  '#e4e9ed',
  '#d6dce2',
  '#c1c9d1',
  '#97a2ad',
  '#5f6b77',
  '#47525d',
  '#313a43',
  '#1d242b',
]

const dark: MantineColorsTuple = [
  '#dbe1e7',
  '#b3bdc7',
  '#929eaa',
  '#6a7683',
  '#3a444e',
  '#2a323a',
  '#1d242b',
  '#14191f',
  '#0f1317',
  '#0a0d10',
]

/** The first that is there: each system's own face for Latin and for Chinese. Nothing is downloaded. */
const sans =
  'Inter, "Segoe UI Variable Text", "Segoe UI", -apple-system, BlinkMacSystemFont, system-ui, Roboto, ' +
  '"PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "Source Han Sans SC", sans-serif'
const mono =
  'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", ' +
  '"Noto Sans Mono CJK SC", monospace'

export const theme = createTheme({
  primaryColor: 'harbour',
  primaryShade: { light: 7, dark: 6 },
  colors: { harbour, gray, dark },
  fontFamily: sans,
  fontFamilyMonospace: mono,
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.55', lg: '1.6', xl: '1.65' },
  headings: {
    fontFamily: sans,
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.45' },
    },
  },
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Modal: {
      defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.4 } },
      styles: { title: { fontWeight: 600, fontSize: '1.0625rem' } },
    },
    Menu: { defaultProps: { shadow: 'md' } },
  },
})
