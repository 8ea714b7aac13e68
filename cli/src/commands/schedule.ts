import { listCommand, type CommandGroup } from '../registry-command.ts'

export const scheduleCommands: CommandGroup = {
  name: 'schedule',
  aliases: ['schedules'],
  description: 'what runs by itself',
  commands: [
    listCommand({
      usage: 'list',
      description: 'list every schedule: garbage collection, scrub, retention, purge of the audit log',
      example: 'berth schedule list',
      operation: 'GET /schedules',
      remark: async (api) => {
        const { paused } = await api.call('GET /schedules/{job_type}/paused', { params: { job_type: 'all' } })
        return paused ? 'nothing runs by itself: schedules are paused; berth job resume scheduler' : undefined
      },
      columns: {
        ID: ({ id }) => id,
        TYPE: (schedule) => schedule.vendor_type,
        CRON: ({ cron }) => cron,
        'TIME ZONE': (schedule) => schedule.time_zone,
        NEXT: (schedule) => schedule.next_scheduled_time,
        LAST: (schedule) => schedule.last_scheduled_time,
        '*PROJECT': (schedule) => schedule.project_id,
        '*NAME': ({ name }) => name,
      },
    }),
  ],
}
