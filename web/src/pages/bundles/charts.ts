/** The library of charts, which is large. */
export * from '../../components/trend-chart.tsx'
export * from './shared.ts'
