import { composeEvents } from '#server/compose/events.ts'
import { bringOuterKeys, composeSecrets } from '#server/compose/outer-key.ts'
import { systemClock } from '#server/domain/clock.ts'
import { listLost, resetSecrets } from '#server/domain/key-rotation/reset-secrets.ts'
import { createLogging } from '#server/logging.ts'
import { cliActor, type ArchiveCommand } from '../../archive-command.ts'
import { addConfirmFlag, addDryRunFlag, confirm, isDryRun } from '../../confirm.ts'
import { claimData } from '../../data-claim.ts'

export const resetSecretsCommand: ArchiveCommand = {
  description: 'give up secrets whose outer key is lost, so that the registry starts again; they are entered anew',
  example: 'berth secrets reset --dry-run',
  configure: (command) => {
    addDryRunFlag(command, 'only say which secrets would go')
    addConfirmFlag(command)
  },
  async run({ config, database: open }, flags) {
    const logging = createLogging(config.log)
    using _claim = isDryRun(flags) ? undefined : claimData(config, logging.logger)
    const database = await open()
    const clock = systemClock
    const events = composeEvents(clock)
    const services = { database, clock, events }
    const outerKeys = await bringOuterKeys(config, services, { evenIfLost: !isDryRun(flags) })
    const secrets = composeSecrets(config, services, outerKeys)
    const lost = await listLost(database.read, secrets)
    const lines = lost.map(({ secrets: count, holds }) => `${count}: ${holds}`)
    if (isDryRun(flags))
      return { good: true, text: [...lines, 'nothing was changed'].join('\n'), json: { lost, dryRun: true } }
    const what =
      lines.length === 0 ? 'no secret is lost; keys that cannot be opened go' : `these secrets go: ${lines.join('; ')}`
    await confirm(what, flags)
    await resetSecrets({ ...services, secrets }, cliActor)
    return {
      good: true,
      text: [...lines.map((line) => `given up: ${line}`), 'enter them anew; people and machines sign in again'].join(
        '\n',
      ),
      json: { lost },
    }
  },
}
