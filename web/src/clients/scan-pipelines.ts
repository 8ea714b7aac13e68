import type { ClientCommand } from './commands.ts'

/** What `berth scan` compares packages with: a file of the pipeline, or the data and the allowlist of a registry. */
export type ScanData = `--db ${string}` | `--server ${string}`

/** Pipelines that scan an image before it is pushed. The guide to scanning in CI shows the same; a test compares them. */
export const scanPipelines = (host: string, data: ScanData): readonly ClientCommand[] => [
  {
    client: 'GitLab CI',
    command: `scan:
  stage: test
  image: ${host}/library/berth:latest
  script:
    - berth scan app.tar ${data} --fail-on high --format gitlab --file gl-container-scanning-report.json
  artifacts:
    when: always
    reports:
      container_scanning: gl-container-scanning-report.json`,
  },
  {
    client: 'GitHub Actions',
    command: `jobs:
  scan:
    runs-on: self-hosted
    permissions:
      security-events: write
    steps:
      - uses: actions/checkout@v4
      - run: docker build --tag app . && docker save app --output app.tar
      - run: berth scan app.tar ${data} --fail-on high --format sarif --file findings.sarif
      - uses: github/codeql-action/upload-sarif@v3
        if: always()
        with:
          sarif_file: findings.sarif`,
  },
  {
    client: 'Jenkins',
    command: `stage('Scan') {
  steps {
    sh 'berth scan app.tar ${data} --fail-on high --format junit --file findings.xml'
  }
  post {
    always { junit 'findings.xml' }
  }
}`,
  },
]
