export const project = {
  explanations: {
    repositories: 'Images, charts and other artifacts that were pushed to this project.',
    members: 'Users and groups with a role in this project.',
    robots: 'Accounts for pipelines and clusters, with the permissions that you choose.',
    policies: 'Rules that delete old tags automatically, and rules that protect tags.',
    labels: 'Labels for the artifacts of this project.',
    trash: 'Deleted artifacts and tags that can still be restored.',
    logs: 'Operations in this project, newest first.',
    settings: 'Visibility and other settings of this project.',
  },
  tabsLabel: 'Pages of project {name}',
  tabs: {
    repositories: 'Repositories',
    members: 'Members',
    robots: 'Robots',
    policies: 'Policies',
    labels: 'Labels',
    trash: 'Trash',
    logs: 'Logs',
    settings: 'Settings',
  },
} as const
