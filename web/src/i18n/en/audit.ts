export const audit = {
  title: 'Audit log',
  who: 'Who',
  what: 'Did what',
  resource: 'To what',
  result: 'Result',
  succeeded: 'done',
  failed: 'refused',
  address: 'From',
  when: 'When',
  filterResource: 'Filter by what it was done to',
  noneTitle: 'Nothing on record',
} as const
