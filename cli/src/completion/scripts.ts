import { formats } from '../output.ts'
import { flagsTaking, type CompletedCommand } from './command-tree.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The script by which a shell completes `berth`; it asks nobody, so that a key is answered at once. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](commands)
}

/** Lines of a `case` that go from the words so far to the words with one more; other spellings lead to the same. */
function steps(commands: readonly CompletedCommand[], indent: string): string {
  return commands
    .filter(({ path }) => path !== '')
    .map(({ path, aliases }) => `${indent}${[path, ...aliases].map((each) => `'${each}'`).join('|')}) at='${path}' ;;`)
    .join('\n')
}

const wordsAt = ({ below, flags }: CompletedCommand): string[] => [
  ...below.map(({ name }) => name),
  ...flags.map(({ names }) => names[0]!),
]

function bashScript(commands: readonly CompletedCommand[]): string {
  return `# Completion of berth for bash: source <(berth completion bash), or a file in /etc/bash_completion.d
_berth() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} at='' i words=''
  case $before in
    ${flagsTaking(commands, 'format').join('|')}) COMPREPLY=($(compgen -W '${formats.join(' ')}' -- "$current")); return ;;
    ${flagsTaking(commands, 'file').join('|')}) compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${flagsTaking(commands, 'text').join('|')}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${at:+$at }\${COMP_WORDS[i]}" in
${steps(commands, '      ')}
    esac
  done
  case $at in
${commands.map((command) => `    '${command.path}') words='${wordsAt(command).join(' ')}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _berth berth
`
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** `_describe` takes `word:description`. */
const described = (name: string, description: string): string =>
  quoted(`${name.replaceAll(':', '\\:')}:${firstSentence(description)}`)

const firstSentence = (text: string): string => text.split(/[;:]/, 1)[0]!

function zshScript(commands: readonly CompletedCommand[]): string {
  const lists = commands.map((command) => {
    const words = [
      ...command.below.map(({ name, description }) => described(name, description)),
      ...command.flags.map(({ names, description }) => described(names[0]!, description)),
    ]
    return `    '${command.path}') candidates=(${words.join(' ')}) ;;`
  })
  return `#compdef berth
# Completion of berth for zsh: source <(berth completion zsh), or a file _berth in a folder of $fpath
_berth() {
  local at='' i
  local -a candidates
  case \${words[CURRENT-1]} in
    ${flagsTaking(commands, 'format').join('|')}) compadd ${formats.join(' ')}; return ;;
    ${flagsTaking(commands, 'file').join('|')}) _files; return ;;
    ${flagsTaking(commands, 'text').join('|')}) return ;;
  esac
  for ((i = 2; i < CURRENT; i++)); do
    case "\${at:+$at }\${words[i]}" in
${steps(commands, '      ')}
    esac
  done
  case $at in
${lists.join('\n')}
  esac
  _describe 'berth' candidates
}
(( $+functions[compdef] )) && compdef _berth berth
`
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ path, below, flags }) => [
    ...below.map(
      ({ name, description }) =>
        `complete -c berth -f -n '__berth_at "${path}"' -a ${name} -d ${fishText(firstSentence(description))}`,
    ),
    ...flags.map(({ names, description, value }) => {
      const [long = '', short] = names
      const takes =
        value === 'none'
          ? ''
          : value === 'file'
            ? ' -r -F'
            : value === 'format'
              ? ` -x -a '${formats.join(' ')}'`
              : ' -x'
      return `complete -c berth -n '__berth_at "${path}"' -l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}${takes} -d ${fishText(firstSentence(description))}`
    }),
  ])
  return `# Completion of berth for fish: berth completion fish > ~/.config/fish/completions/berth.fish
function __berth_at
  set -l at ''
  for word in (commandline -opc)[2..]
    switch (string trim -- "$at $word")
${commands
  .filter(({ path }) => path !== '')
  .map(
    ({ path, aliases }) =>
      `      case ${[path, ...aliases].map((each) => `'${each}'`).join(' ')}\n        set at '${path}'`,
  )
  .join('\n')}
    end
  end
  test "$at" = "$argv[1]"
end
complete -c berth -f
${lines.join('\n')}
`
}

const fishText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
