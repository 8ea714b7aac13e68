export const audit = {
  title: 'Audit log',
  who: 'User',
  what: 'Action',
  resource: 'Resource',
  result: 'Result',
  succeeded: 'success',
  failed: 'failed',
  address: 'Client IP',
  when: 'Time',
  filterResource: 'Filter by resource',
  noneTitle: 'No log entries',
} as const
