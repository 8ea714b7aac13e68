import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import type { ComponentProps } from 'react'
import { onSessionEnded } from './api/client.ts'
import { createQueryClient } from './api/queries.ts'
import { refreshSession, sessionQuery, type Session } from './api/session.ts'
import { ToastHost } from './components/toast-host.tsx'
import { LanguageProvider } from './i18n/language-provider.tsx'
import { createConsoleRouter } from './routes.tsx'
import { theme } from './theme/theme.ts'

const client = createQueryClient()
// Asked while the language comes: the first page needs both.
void client.prefetchQuery(sessionQuery)
const router = createConsoleRouter(client)
const colorSchemes = localStorageColorSchemeManager({ key: 'berth.theme' })
/** The server's permission for style elements; without it the browser drops them. */
const styleNonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? ''
// For the styles that keep the page behind a dialogue from scrolling.
setNonce(styleNonce)

onSessionEnded(() => {
  const session = client.getQueryData<Session>(sessionQuery.queryKey)
  if (session?.user === undefined) return
  const next = router.state.location.href
  void refreshSession(client).then(() => router.navigate({ to: '/sign-in', search: { next, ended: true } }))
})

export function App({ language }: { readonly language: ComponentProps<typeof LanguageProvider>['first'] }) {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemes}
      getStyleNonce={() => styleNonce}
    >
      <QueryClientProvider client={client}>
        <LanguageProvider first={language}>
          <RouterProvider router={router} />
          <ToastHost />
        </LanguageProvider>
      </QueryClientProvider>
    </MantineProvider>
  )
}
