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
