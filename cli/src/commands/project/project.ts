import type { Command } from 'commander'
import { addAccessCommand } from '../../access-command.ts'
import { openAccessServices, type OpenAccessServices } from '../../access-services.ts'
import { showCache } from './cache.ts'
import { createCache } from './create-cache.ts'
import { createProject } from './create.ts'
import { deleteProject } from './delete.ts'
import { listProjects } from './list.ts'
import { addMember } from './member/add.ts'
import { listMembers } from './member/list.ts'
import { removeMember } from './member/remove.ts'
import { setMemberRole } from './member/set-role.ts'
import { addRegistryCommand } from '../../registry-command.ts'
import { setProject } from './set.ts'
import { showProject } from './show.ts'
import { makeProjectPrivate } from './private.ts'
import { makeProjectPublic } from './public.ts'

export function registerProjectCommands(program: Command, open: OpenAccessServices = openAccessServices): void {
  const project = program.command('project').alias('projects').description('manage projects and their members')
  for (const command of [createProject, listProjects, deleteProject, makeProjectPublic, makeProjectPrivate]) {
    addAccessCommand(project, open, command)
  }
  addRegistryCommand(project, showProject)
  addRegistryCommand(project, setProject)
  addRegistryCommand(project, createCache)
  addRegistryCommand(project, showCache)
  const member = project.command('member').alias('members').description('say who may do what in a project')
  for (const command of [addMember, setMemberRole, removeMember, listMembers]) addAccessCommand(member, open, command)
}
