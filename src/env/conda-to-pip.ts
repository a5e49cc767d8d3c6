/** What a package of conda is for pip: the same requirement, or why there is none. */
import type { CondaComparison, CondaVersion } from './conda-version.ts'
import type { MatchSpec } from './match-spec.ts'
import { formatSpecifiers, parseSpecifier, type Specifier } from './specifier.ts'
import { parseVersion } from './version.ts'

export type PipTranslation =
  | {
      /** `numpy<2,>=1.26`. */
      readonly requirement: string
      /** What pip has no words for, in short: `the channel pytorch`, `the build py311*`. */
      readonly lost: readonly string[]
    }
  | { readonly requirement: null; readonly reason: string }

/** Packages that have another name on PyPI. Those of conda-forge and of Anaconda's own channel that models ask for. */
const otherNames: Readonly<Record<string, string>> = {
  'dask-core': 'dask',
  importlib_metadata: 'importlib-metadata',
  'lightning-base': 'lightning',
  'matplotlib-base': 'matplotlib',
  'msgpack-python': 'msgpack',
  opencv: 'opencv-python',
  'py-lightgbm': 'lightgbm',
  'py-opencv': 'opencv-python',
  'py-xgboost': 'xgboost',
  'py-xgboost-cpu': 'xgboost',
  'py-xgboost-gpu': 'xgboost',
  pyqt: 'PyQt5',
  pytables: 'tables',
  'python-flatbuffers': 'flatbuffers',
  'python-graphviz': 'graphviz',
  'python-xxhash': 'xxhash',
  pytorch: 'torch',
  'pytorch-cpu': 'torch',
  'pytorch-gpu': 'torch',
  ruamel_yaml: 'ruamel.yaml',
  'tensorflow-base': 'tensorflow',
  'tensorflow-mkl': 'tensorflow',
}

/** Packages without Python in them, by name and by how it begins. What they hold comes with a wheel, with the system, or not at all. */
const notPython: ReadonlySet<string> = new Set(
  `blas brotli bzip2 c-ares ca-certificates cairo clang cmake compilers cuda cudatoolkit cudnn curl cxx-compiler c-compiler expat
  ffmpeg fontconfig fortran-compiler freetype gcc gdal-core geos gettext gfortran git glib gmp gnutls graphviz gxx hdf5 icu intel-openmp
  java-jdk jpeg julia keyutils krb5 lame lcms2 lerc llvm-openmp llvm-tools lz4-c make maven mkl mpc mpfr mpi mpich nasm nccl ncurses
  nettle ninja nodejs nspr nss openblas openh264 openjdk openjpeg openmp openmpi openssl openssh pandoc pcre pcre2 perl pixman pkg-config
  poppler postgresql proj pthread-stubs qt qt-main r readline rust scala snappy spdlog sqlite swig tbb tk tzcode unixodbc vc
  vs2015_runtime xz yaml-cpp zeromq zlib zlib-ng zstd`.split(/\s+/),
)
const notPythonBeginnings =
  /^(?:_|r-|lib(?!clang$|cst$|rosa$|sass$|torrent$|tmux$|usb1$)|cuda-|ld_impl_|gcc_|gxx_|binutils|sysroot_|xorg-|perl-|rust-|mkl-devel|mkl-include|aws-c-|font-|fonts-|vc14_|ucrt)/

/** Says a specification in pip's words. Where conda and PEP 440 differ (pre-releases, post-releases) PEP 440's meaning holds. */
export function toPipRequirement(spec: MatchSpec): PipTranslation {
  const none = (reason: string): PipTranslation => ({ requirement: null, reason })
  if (spec.url !== undefined) return none('it is a file of conda’s own format')
  if (spec.name.includes('*')) return none('it names no one package')
  if (spec.name === 'python') return none('Python itself is not installed by pip')
  if (spec.name.startsWith('__')) return none('it is a property of the machine')
  if (notPython.has(spec.name) || notPythonBeginnings.test(spec.name)) return none('it is no package of Python')
  const name = otherNames[spec.name] ?? spec.name
  if (!/^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(name)) return none('its name is none for pip')
  const specifiers = spec.version === undefined ? [] : translate(spec.version)
  if (typeof specifiers === 'string') return none(specifiers)
  const lost = [
    spec.channel === undefined ? undefined : `the channel ${spec.channel}`,
    spec.subdir === undefined ? undefined : `the platform ${spec.subdir}`,
    spec.build === undefined || spec.build === '*' ? undefined : `the build ${spec.build}`,
    ...[...spec.others].map(([key, value]) => `${key} ${value}`),
  ]
  return { requirement: name + formatSpecifiers(specifiers), lost: lost.filter((one) => one !== undefined) }
}

/** A text says why PEP 440 has no such range. */
function translate(version: CondaVersion): readonly Specifier[] | string {
  if (version.type === 'comparison') return translateComparison(version)
  if (version.type === 'any') return 'pip has no versions of which one or another will do (`|`)'
  const all: Specifier[] = []
  for (const part of version.parts) {
    const specifiers = translate(part)
    if (typeof specifiers === 'string') return specifiers
    all.push(...specifiers)
  }
  return all
}

function translateComparison({ operator, version }: CondaComparison): readonly Specifier[] | string {
  if (operator === 'any') return []
  if (operator === 'pattern') return `pip has no patterns of versions such as ${version}`
  // PEP 440 reads 1.0-1 as a post-release, and 1.0_ not at all.
  if (/[-_*]/.test(version) || parseVersion(version) === undefined) return `PEP 440 has no version ${version}`
  const text = operator === 'prefix' ? `==${version}.*` : operator === 'not-prefix' ? `!=${version}.*` : operator + version
  const specifier = parseSpecifier(text)
  return specifier === undefined ? `PEP 440 has no ${text}` : [specifier]
}
