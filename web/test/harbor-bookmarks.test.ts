import { expect, test } from 'bun:test'
import { placeOf } from '../src/pages/harbor-bookmarks/places.ts'

const digest = `sha256:${'0a'.repeat(32)}`

test('a bookmark of Harbor’s portal leads to the page that shows the same, an unknown one home', () => {
  for (const [bookmark, page] of [
    ['projects', '/projects'],
    ['logs', '/administration/audit-log'],
    ['robot-accounts', '/administration/robots'],
    ['gc', '/administration/garbage-collection'],
    ['clearing-job/gc', '/administration/garbage-collection'],
    ['clearing-job/audit-log-purge', '/administration/audit-log'],
    ['configs/auth', '/administration/authentication'],
    ['configs/setting', '/administration/configuration'],
    ['job-service-dashboard/pending-jobs', '/administration/jobs'],
    ['interrogation-services/scanners', '/administration/scanners'],
    ['interrogation-services/security-hub', '/administration/security'],
    ['interrogation-services/vulnerability', '/administration/security/scan-all'],
    ['usersandmore', '/'],
    ['', '/'],
  ] as const)
    expect([bookmark, placeOf(bookmark)]).toEqual([bookmark, { page }])
})

test('one of a project leads below the project that has its id', () => {
  for (const [bookmark, page] of [
    ['repositories', ''],
    ['summary', ''],
    ['members', '/members'],
    ['robot-account', '/robots'],
    ['repositories/team/app', '/repositories/team%2Fapp'],
    ['repositories/team%2Fapp/artifacts-tab', '/repositories/team%2Fapp'],
    [`repositories/app/artifacts-tab/artifacts/${digest}`, `/repositories/app/artifacts/${digest}`],
    [`repositories/team%2Fapp/artifacts/${digest}`, `/repositories/team%2Fapp/artifacts/${digest}`],
    [`repositories/app/artifacts-tab/artifacts/depth/${digest}`, `/repositories/app/artifacts/${digest}`],
    ['repositories/%E0%A4%A', '/repositories/%25E0%25A4%25A'],
  ] as const)
    expect([bookmark, placeOf(`projects/12/${bookmark}`)]).toEqual([bookmark, { projectId: 12, page }])
})
