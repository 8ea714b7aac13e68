import type { FoundPackage, OperatingSystem } from '../inventory.ts'

/** What the advisories of a distribution are looked up by. */
export interface SystemLookup {
  readonly name: string
  readonly version: string
  readonly architecture: string | undefined
}

/** Distributions that write their advisories about source packages; the others about what is installed. */
const bySource: ReadonlySet<string> = new Set(['alpine', 'wolfi', 'chainguard', 'debian', 'ubuntu', 'azurelinux'])

/** Undefined for a package that the distribution's advisories cannot be about: it came from somebody else's repository. */
export function lookupOfSystem(found: FoundPackage, os: OperatingSystem): SystemLookup | undefined {
  if (bySource.has(os.family)) {
    return {
      name: found.sourceName ?? found.name,
      version: found.sourceVersion ?? found.version,
      architecture: undefined,
    }
  }
  if (isForeign(found, os)) return undefined
  return { name: namespaced(found), version: found.version, architecture: found.architecture }
}

/** `nodejs:12::npm` for a package of a module; advisories of modules do not concern the same name outside of it. */
function namespaced({ name, modularity }: FoundPackage): string {
  const [module, stream] = modularity?.split(':') ?? []
  return module === undefined || stream === undefined ? name : `${module}:${stream}::${name}`
}

/** Remi's repository rebuilds Red Hat's packages with releases of its own. */
function isForeign({ version }: FoundPackage, os: OperatingSystem): boolean {
  return ['redhat', 'centos', 'rocky', 'alma', 'oracle'].includes(os.family) && version.endsWith('.remi')
}
