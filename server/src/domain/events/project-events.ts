import { eventKind, type OnProject } from './event-kind.ts'

type OnMember = OnProject &
  (
    | { readonly kind: 'user'; readonly userId: number; readonly username: string }
    | { readonly kind: 'group'; readonly groupId: number; readonly group: string }
  )

const projectName = ({ project }: OnProject): string => project
const memberName = (fields: OnMember): string =>
  `${fields.project}/${fields.kind === 'user' ? fields.username : fields.group}`

/** Projects, their members and their quotas. */
export const projectEvents = {
  create_project: eventKind<OnProject & { readonly public: boolean; readonly registryId?: number }>(projectName),
  update_project: eventKind<OnProject & { readonly public?: boolean; readonly changed?: readonly string[] }>(
    projectName,
  ),
  delete_project: eventKind<OnProject>(projectName),
  create_member: eventKind<OnMember & { readonly role: string }>(memberName),
  update_member: eventKind<OnMember & { readonly role: string }>(memberName),
  delete_member: eventKind<OnMember>(memberName),
}

export const quotaEvents = {
  update_quota: eventKind<OnProject & { readonly hardBytes: number }>(projectName),
  quota_warning: eventKind<OnProject & { readonly usedBytes: number; readonly hardBytes: number }>(projectName),
  quota_exceeded: eventKind<OnProject>(projectName),
}
