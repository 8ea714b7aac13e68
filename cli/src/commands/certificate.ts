import { factsOf } from '../output.ts'
import { done, type CommandGroup } from '../registry-command.ts'

export const certificateCommands: CommandGroup = {
  name: 'certificate',
  description: 'the certificate that clients of the registry see',
  commands: [
    {
      usage: 'status',
      description: 'its names, its issuer, its end, the next renewal and the last error',
      example: 'berth certificate status',
      run: async (api) => {
        const status = await api.call('GET /certificates/served')
        return factsOf(
          [
            ['from', status.source],
            ['names', status.names.join(', ')],
            ['issuer', status.issuer],
            ['fingerprint (SHA-256)', status.fingerprint],
            ['ends', status.expires_at],
            ['next attempt', status.next_attempt_at],
            ['failed attempts', status.failures],
            ['last error', status.last_error],
            ['failed at', status.last_failed_at],
          ],
          status,
        )
      },
    },
    {
      usage: 'renew',
      description: 'ask for a new certificate now; the old one is served until it is there',
      example: 'berth certificate renew',
      run: async (api) => {
        await api.call('POST /certificates/served/renewal')
        return done(
          'a new certificate was asked for; a running registry gets it within seconds: berth certificate status',
          {
            asked: true,
          },
        )
      },
    },
  ],
}
