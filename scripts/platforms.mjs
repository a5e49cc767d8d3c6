/** The platforms that have a runtime package, as onnxruntime-node has binaries for them. */
export const platforms = [
  { os: 'linux', cpu: 'x64', libc: 'glibc', files: ['onnxruntime_binding.node', 'libonnxruntime.so.1'] },
  { os: 'linux', cpu: 'arm64', libc: 'glibc', files: ['onnxruntime_binding.node', 'libonnxruntime.so.1'] },
  // libonnxruntime.1.30.0.dylib is a second copy of the same bytes (40 MB); the binding asks for @rpath/libonnxruntime.1.dylib.
  { os: 'darwin', cpu: 'arm64', files: ['onnxruntime_binding.node', 'libonnxruntime.1.dylib'] },
  {
    os: 'win32',
    cpu: 'x64',
    files: ['onnxruntime_binding.node', 'onnxruntime.dll', 'DirectML.dll', 'dxil.dll', 'dxcompiler.dll'],
  },
  {
    os: 'win32',
    cpu: 'arm64',
    files: ['onnxruntime_binding.node', 'onnxruntime.dll', 'DirectML.dll', 'dxil.dll', 'dxcompiler.dll'],
  },
]

/** @param {{os: string, cpu: string}} platform */
export const platformPackage = ({ os, cpu }) => `mlmodel-onnxruntime-${os}-${cpu}`
