/** Projects, repositories and artifacts. Loaded together: a file for each page would be forty requests. */
export { ProjectListPage } from '../projects/project-list-page.tsx'
export { RepositoryListPage } from '../repositories/repository-list-page.tsx'
export { ProjectSummaryPage } from '../project/summary/summary-page.tsx'
export { RepositoryPage } from '../repositories/repository-page.tsx'
export { ArtifactPage } from '../artifacts/artifact-page.tsx'
export * from './shared.ts'
