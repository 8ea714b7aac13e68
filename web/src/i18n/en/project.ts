export const project = {
  tabsLabel: 'Pages of the project {name}',
  tabs: {
    repositories: 'Repositories',
  },
} as const
