export const home = {
  title: 'Home',
  greeting: 'Good to see you, {name}',
  projects: 'Projects',
  repositories: 'Repositories',
  storage: 'Storage',
} as const
