import { useSession } from '../api/session.ts'
import type { Registry } from './registry.ts'

/** This registry as its clients see it, for the account that is signed in. */
export function useRegistry(): Registry {
  const { user, system } = useSession()
  return {
    host: system.registry_url ?? window.location.host,
    secure: (system.external_url ?? window.location.origin).startsWith('https:'),
    privateCertificate: system.private_certificate ?? false,
    offersAuthority: system.has_ca_root ?? false,
    username: user?.username ?? 'admin',
  }
}
