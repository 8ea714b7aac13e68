import { ContractError } from '#contract/contract-error.ts'
import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import { Limiter } from '../../storage/limiter.ts'
import { DomainError } from '../errors.ts'
import { forEachAtOnce } from '../../runtime/for-each-at-once.ts'
import type { ContentSource } from './content-source.ts'
import { BlobImport } from './import-blobs.ts'
import { RepositoryImport } from './import-repository.ts'
import { importer, type ImportContext, type ImportOptions, type ImportServices } from './import-services.ts'
import { isWantedRepository, mapRepository } from './repository-mapping.ts'
import type { TransferReport } from './transfer-report.ts'

/** Small ones overlap, because each mostly waits for the disk. */
const repositoriesAtOnce = 4

/**
 * Takes over the content of another registry, through the gates that every push passes. Can be broken off at any point
 * and begun again: what is here already is not taken twice. A registry may serve meanwhile.
 * @throws whatever keeps it from going on; what could not be taken and is no reason to stop is in the report
 */
export async function importContent(
  services: ImportServices,
  source: ContentSource,
  options: ImportOptions,
  report: TransferReport,
): Promise<void> {
  const context: ImportContext = { ...services, source, options, report, limiter: new Limiter(options.parallel) }
  const blobs = new BlobImport(context)
  const projects = new Map<string, Promise<void>>()
  await forEachAtOnce(source.walkRepositories(), repositoriesAtOnce, async (from) => {
    if (!isWantedRepository(from, options.mapping)) return
    const name = findName(context, from)
    if (name === undefined) return
    const project = projectOf(name)
    let ensured = projects.get(project)
    if (ensured === undefined) projects.set(project, (ensured = ensureProject(context, project)))
    await ensured
    await new RepositoryImport(context, blobs, from, name).run()
  })
}

function findName({ options, report }: ImportContext, from: string): RepositoryName | undefined {
  try {
    return mapRepository(from, options.mapping)
  } catch (error) {
    if (!(error instanceof ContractError)) throw error
    const message = `${error.message}; --map can give it another name`
    report.leaveOut({ what: 'repository', repository: from, name: '', reason: 'name-invalid', message })
    return undefined
  }
}

async function ensureProject({ projects, options, report }: ImportContext, name: string): Promise<void> {
  if (await projects.isNameTaken(name)) return
  try {
    await projects.createProject(importer, { name, public: options.publicProjects })
    report.projectsCreated.push(name)
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'CONFLICT') throw error
  }
}
