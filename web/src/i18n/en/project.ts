export const project = {
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
