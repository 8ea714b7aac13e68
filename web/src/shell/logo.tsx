import styles from './logo.module.css'

/** Four containers on the water. */
export function Logo({ size = 26 }: { readonly size?: number }) {
  return (
    <>
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden className={styles.mark}>
        <rect width="32" height="32" rx="8" fill="#17648a" />
        <path
          d="M6 21.5c2 0 2 1.5 4 1.5s2-1.5 4-1.5 2 1.5 4 1.5 2-1.5 4-1.5 2 1.5 4 1.5"
          fill="none"
          stroke="#fff"
          strokeWidth="2"
          strokeLinecap="round"
        />
        <rect x="7.5" y="12.5" width="5" height="5" rx="1" fill="#b3d8ea" />
        <rect x="13.5" y="12.5" width="5" height="5" rx="1" fill="#fff" />
        <rect x="19.5" y="12.5" width="5" height="5" rx="1" fill="#86c0dd" />
        <rect x="13.5" y="6.5" width="5" height="5" rx="1" fill="#86c0dd" />
      </svg>
      <span className={styles.name} translate="no">
        {productName}
      </span>
    </>
  )
}

const productName = 'Berth'
