/** Finds an ONNX Runtime on this machine; nothing is loaded here. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { here } from '../here.ts'

/** A place where a runtime may be loaded from, best first. */
export type RuntimeCandidate =
  /** Installed by the user, perhaps with CUDA or DirectML; shares its `Tensor` class with other users in this process. */
  | { readonly kind: 'onnxruntime-node'; readonly directory: string }
  /** Our platform package: a binding and its library, nothing else. */
  | { readonly kind: 'platform-package'; readonly name: string; readonly directory: string }

/** Platforms with a package of ours, in the names of `process.platform` and `process.arch`. */
export const runtimePlatforms = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64'] as const

/** The package with ONNX Runtime for this platform, for example `mlmodel-onnxruntime-linux-x64`. */
export function platformPackage(platform: string = process.platform, architecture: string = process.arch): string {
  return `mlmodel-onnxruntime-${platform}-${architecture}`
}

/**
 * Lists what is installed where this code is installed: an `onnxruntime-node` of the user's, then our platform package.
 *
 * The current folder is not looked at: it may be a stranger's model folder with a `node_modules` of its own, and
 * loading native code from it would run it.
 */
export function findRuntimes(from: string = here(import.meta.url)): readonly RuntimeCandidate[] {
  const { resolve } = createRequire(from)
  const found: RuntimeCandidate[] = []
  const name = platformPackage()
  const user = packageDirectory(resolve, 'onnxruntime-node')
  if (user !== undefined) found.push({ kind: 'onnxruntime-node', directory: user })
  const own = packageDirectory(resolve, name)
  if (own !== undefined) found.push({ kind: 'platform-package', name, directory: own })
  return found
}

function packageDirectory(resolve: NodeJS.RequireResolve, name: string): string | undefined {
  try {
    return dirname(resolve(join(name, 'package.json')))
  } catch {
    return undefined
  }
}

/**
 * Whether this Node runs on glibc; true on other systems than Linux. Node's report, which it reads, takes milliseconds: only for an
 * error's words.
 */
export function hasGlibc(
  platform: string = process.platform,
  readReport: () => object = () => process.report.getReport() as object,
): boolean {
  if (platform !== 'linux') return true
  const { header } = readReport() as { header?: { glibcVersionRuntime?: string } }
  return header?.glibcVersionRuntime !== undefined
}
