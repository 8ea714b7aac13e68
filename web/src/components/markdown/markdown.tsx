import { Box, Code } from '@mantine/core'
import MarkdownIt from 'markdown-it'
import { createElement, Fragment, type ReactNode } from 'react'
import { OutsideLink } from '../outside-link.tsx'
import styles from './markdown.module.css'
import { treeOf, type MarkdownNode } from './markdown-tree.ts'

const parser = new MarkdownIt({ html: false, linkify: false, typographer: false })

/** A longer text is shown as it was written: nobody reads it whole, and laying it out would stop the page. */
export const maxMarkdownLength = 300_000

/**
 * What somebody wrote in Markdown (CommonMark with tables and strikethrough). It becomes elements of React and never HTML:
 * markup in it is text, a link leaves the console without telling where from, and no image is fetched from another server.
 */
export function Markdown({ text }: { readonly text: string }) {
  if (text.length > maxMarkdownLength) return <Code block>{text}</Code>
  return <div className={styles.text}>{draw(treeOf(parser.parse(text, {})))}</div>
}

const draw = (nodes: readonly MarkdownNode[]): ReactNode =>
  nodes.map((node, index) => <Fragment key={index}>{drawOne(node)}</Fragment>)

/** Headings of the page stand above these. */
const headings = { h1: 'h3', h2: 'h4', h3: 'h5', h4: 'h6', h5: 'h6', h6: 'h6' } as const
const plain = new Set(['p', 'ul', 'ol', 'li', 'blockquote', 'strong', 'em', 's', 'thead', 'tbody', 'tr', 'th', 'td'])

function drawOne(node: MarkdownNode): ReactNode {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'break':
      return <br />
    case 'rule':
      return <hr />
    case 'code':
      return <code>{node.text}</code>
    case 'block':
      return (
        <Code block tabIndex={0}>
          {node.text}
        </Code>
      )
    case 'image':
      return <Image source={node.source} alternative={node.text} />
    case 'link':
      return <OutsideLink to={node.target}>{draw(node.children)}</OutsideLink>
    case 'element':
      return drawElement(node)
  }
}

function drawElement({ tag, start, children }: MarkdownNode & { readonly kind: 'element' }): ReactNode {
  if (tag === 'table')
    return (
      <Box className={styles.scroll ?? ''} tabIndex={0}>
        <table>{draw(children)}</table>
      </Box>
    )
  const heading = headings[tag as keyof typeof headings]
  if (heading !== undefined) return createElement(heading, { 'data-level': tag }, draw(children))
  if (!plain.has(tag)) return draw(children)
  return createElement(tag, start === undefined ? null : { start }, draw(children))
}

/** Only what is in the text itself: whoever wrote it would learn from others who reads it, and when. */
function Image({ source, alternative }: { readonly source: string; readonly alternative: string }) {
  if (/^data:image\/(png|jpeg|gif|webp);base64,/.test(source)) return <img src={source} alt={alternative} />
  return (
    <OutsideLink to={source}>
      <span className={styles.image}>{alternative === '' ? source : alternative}</span>
    </OutsideLink>
  )
}
