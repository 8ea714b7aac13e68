import { encode } from 'uqr'

interface QrCodeProps {
  readonly text: string
  readonly label: string
}

const sidePx = 196

/** Dark on light in every theme: that is what cameras expect. */
export function QrCode({ text, label }: QrCodeProps) {
  const { data, size } = encode(text, { ecc: 'M', border: 3 })
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return (
    <svg
      role="img"
      aria-label={label}
      width={sidePx}
      height={sidePx}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      style={{ background: '#fff', borderRadius: 8, flexShrink: 0 }}
    >
      <path d={path} fill="#000" />
    </svg>
  )
}
