import { readFileSync } from 'node:fs'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { parseForeignYaml } from '#server/runtime/yaml-thread.ts'
import { CommandError } from './command-error.ts'

/** JSON or YAML that somebody wrote: a file, or `-` for standard input. @throws CommandError */
export async function readDocument(file: string): Promise<unknown> {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`, { kind: 'usage', cause: error })
  }
  try {
    return /\.ya?ml$/.test(file)
      ? await parseForeignYaml(text, budgets.requestBody)
      : parseForeignJson(text, budgets.requestBody)
  } catch (error) {
    throw new CommandError(`${file} is no JSON: ${(error as Error).message}`, {
      next: 'a file that ends in .yaml is read as YAML',
      kind: 'usage',
      cause: error,
    })
  }
}
