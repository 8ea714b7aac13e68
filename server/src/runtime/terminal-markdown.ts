/** Markdown for a terminal: headings, tables and code with the colours and lines of one. */
export const terminalMarkdown = (text: string, columns: number): string => Bun.markdown.ansi(text, { columns })
