/** Statements about vulnerabilities that do not concern images, and exports of those that do. */
export const vex = {
  title: 'VEX documents',
  projectText:
    'OpenVEX, CSAF or CycloneDX. A vulnerability that they rule out is not counted in the reports of this project.',
  registryText: 'OpenVEX, CSAF or CycloneDX. A vulnerability that they rule out is not counted in any project.',
  upload: 'Upload a document',
  name: 'Document',
  statements: 'Statements',
  by: 'By',
  time: 'Added',
  noneTitle: 'No VEX documents',
  noneText: 'Publishers of images and packages offer them as JSON files.',
  notJson: '{name} is not a JSON document.',
  added: '{name} was added. Reports are updated now.',
  deleteTitle: 'Delete {name}?',
  deleteWhat: 'What it ruled out is counted again.',
  deleted: '{name} was deleted',
} as const
