import type { Analyser } from './analyser.ts'
import { dotnetLocks } from './languages/dotnet-locks.ts'
import { embeddedBomAnalyser } from './languages/embedded-bom.ts'
import { goLocks } from './languages/go-modules.ts'
import { installedAnalysers } from './languages/installed.ts'
import { jarAnalyser } from './languages/jar.ts'
import { javaBuilds } from './languages/java-builds.ts'
import { nodeLocks } from './languages/node-locks.ts'
import { nodePackageAnalyser } from './languages/node-package.ts'
import { otherLocks } from './languages/other-locks.ts'
import { programAnalyser } from './languages/programs.ts'
import { pythonLocks } from './languages/python-locks.ts'
import { pythonEggAnalyser, pythonPackageAnalyser } from './languages/python-package.ts'
import { apkAnalyser } from './systems/apk.ts'
import { dpkgAnalysers } from './systems/dpkg.ts'
import { systemAnalysers } from './systems/operating-system.ts'
import { rpmAnalysers } from './systems/rpm.ts'

/** All kinds of files that tell of packages. The first that wants a file reads it; what is known by any bytes at all stands last. */
export const analysers: readonly Analyser[] = [
  ...systemAnalysers,
  apkAnalyser,
  ...dpkgAnalysers,
  ...rpmAnalysers,
  nodePackageAnalyser,
  pythonPackageAnalyser,
  pythonEggAnalyser,
  jarAnalyser,
  ...installedAnalysers,
  embeddedBomAnalyser,
  ...nodeLocks,
  ...pythonLocks,
  ...goLocks,
  ...javaBuilds,
  ...dotnetLocks,
  ...otherLocks,
  programAnalyser,
]
