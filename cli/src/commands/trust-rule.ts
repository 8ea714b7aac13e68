import { readFileSync } from 'node:fs'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { collect } from '../flag-values.ts'
import { parseId, parsePair } from '../names.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

/** @throws CommandError */
const parseClaim = (text: string): [string, string] => parsePair(text, 'is no claim', 'repository=company/*')

export const trustRuleCommands: CommandGroup = {
  name: 'trust-rule',
  aliases: ['trust-rules'],
  description: 'tokens of CI services and clusters that stand for the secret of a robot',
  commands: [
    listCommand({
      usage: 'list <robot>',
      description: 'list the rules of a robot, by its id',
      example: 'berth trust-rule list 7',
      operation: 'GET /robots/{robot_id}/trust-rules',
      input: ([robot = '']) => ({ params: { robot_id: parseId(robot, 'a robot') } }),
      columns: {
        ID: ({ id }) => id,
        ISSUER: ({ issuer }) => issuer,
        AUDIENCE: ({ audience }) => audience,
        CLAIMS: ({ claims }) =>
          Object.entries(claims)
            .map(([name, value]) => `${name}=${value}`)
            .join(', '),
        '*CREATED': (rule) => rule.creation_time,
      },
    }),
    {
      usage: 'create <robot>',
      description: 'let tokens of an issuer stand for the secret of a robot',
      example:
        "berth trust-rule create 7 --issuer https://token.actions.example.org --audience berth --claim 'repository=company/*'",
      configure: (command) =>
        void command
          .requiredOption('--issuer <url>', 'who signs the tokens')
          .requiredOption('--audience <text>', 'for whom they are')
          .option('--claim <name=value>', 'what they must say; * stands for anything; repeatable', collect, [])
          .option('--authority <file>', 'PEM file of the authority that signed the certificate of the issuer'),
      run: async (api, [robot = ''], flags) => {
        const { issuer, audience, claim, authority } = flags as {
          issuer: string
          audience: string
          claim: readonly string[]
          authority?: string
        }
        const claims = Object.fromEntries(claim.map(parseClaim))
        const { id } = await api.create('POST /robots/{robot_id}/trust-rules', {
          params: { robot_id: parseId(robot, 'a robot') },
          body: {
            ...{ issuer, audience, claims },
            ...(authority === undefined ? {} : { ca_certificate: readFileSync(authority, 'utf8') }),
          },
        })
        return done(`rule ${id ?? ''}: tokens of ${issuer} stand for the secret of robot ${robot}`, {
          id: Number(id),
          robot: Number(robot),
          ...{ issuer, audience, claims },
        })
      },
    },
    {
      usage: 'delete <robot> <rule>',
      description: 'end the trust in an issuer',
      example: 'berth trust-rule delete 7 2',
      configure: addConfirmFlag,
      run: async (api, [robot = '', rule = ''], flags) => {
        const params = { robot_id: parseId(robot, 'a robot'), rule_id: parseId(rule, 'a trust rule') }
        await confirm(`tokens stand for the secret of robot ${robot} at ${api.name} no more by rule ${rule}`, flags)
        await api.call('DELETE /robots/{robot_id}/trust-rules/{rule_id}', { params })
        return done(`deleted rule ${rule}`, { id: params.rule_id })
      },
    },
  ],
}
