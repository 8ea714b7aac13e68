import type { Analyser } from './analyser.ts'
import { nodePackageAnalyser } from './languages/node-package.ts'
import { programAnalyser } from './languages/programs.ts'
import { pythonEggAnalyser, pythonPackageAnalyser } from './languages/python-package.ts'
import { apkAnalyser } from './systems/apk.ts'
import { dpkgAnalysers } from './systems/dpkg.ts'
import { systemAnalysers } from './systems/operating-system.ts'

/** All kinds of files that tell of packages. The first that wants a file reads it; what is known by any bytes at all stands last. */
export const analysers: readonly Analyser[] = [
  ...systemAnalysers,
  apkAnalyser,
  ...dpkgAnalysers,
  nodePackageAnalyser,
  pythonPackageAnalyser,
  pythonEggAnalyser,
  programAnalyser,
]
