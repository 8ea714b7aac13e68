import { eventKind, type InRepository, type OnProject } from './event-kind.ts'

type OnScan = InRepository & { readonly scan: 'vulnerability' | 'sbom' }
type OnData = { readonly generation: number }
type OnScanner = { readonly scanner: string }

type OnVex = Partial<OnProject> & { readonly vex: number; readonly name: string }

const vex = ({ name, project }: OnVex): string => `${project === undefined ? '' : `${project}: `}${name}`
const byDigest = ({ repository, digest }: InRepository): string => `${repository}@${digest}`
const scanner = ({ scanner: name }: OnScanner): string => name
const data = ({ generation }: OnData): string => `vulnerability data ${generation}`

/** Scans of artifacts, and the data that they are made with. */
export const scanningEvents = {
  start_scan: eventKind<OnScan & { readonly scanner: string }>(byDigest),
  finish_scan: eventKind<OnScan & { readonly status: 'success' | 'error' | 'stopped'; readonly tag?: string }>(
    byDigest,
  ),
  import_vulnerability_data: eventKind<OnData & { readonly sources: readonly string[]; readonly origin?: string }>(
    data,
  ),
  use_vulnerability_data: eventKind<OnData>(data),
  delete_vulnerability_data: eventKind<OnData>(data),
  add_vex_document: eventKind<OnVex>(vex),
  delete_vex_document: eventKind<OnVex>(vex),
  create_scanner: eventKind<OnScanner>(scanner),
  update_scanner: eventKind<OnScanner & { readonly changed: readonly string[] }>(scanner),
  delete_scanner: eventKind<OnScanner>(scanner),
  set_default_scanner: eventKind<OnScanner>(scanner),
  set_project_scanner: eventKind<OnProject & { readonly scanner: string }>(({ project }) => project),
}
