/** The language of the terminal as POSIX names it: `zh_CN.UTF-8` is Chinese, everything else is read in English. */
export function terminalLanguage(env: Readonly<Record<string, string | undefined>> = process.env): 'en' | 'zh-CN' {
  const named = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find((each) => each !== undefined && each !== '')
  return named?.startsWith('zh') === true ? 'zh-CN' : 'en'
}
