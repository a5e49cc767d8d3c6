/**
 * Names whose arguments have rules of their own, by hand: the helpers that Python and NumPy themselves pickle with, and classes
 * whose `__setstate__` does more than keep what it is given. All plain classes come from names.generated.ts.
 */

/** What may be done with a name; calls.ts has a function for each. */
export type Rule =
  /** A Python class that keeps its state as it is: made without arguments, then given a dictionary. */
  | 'class'
  /** The same with `__slots__`. */
  | 'slots'
  /** A compiled class (Cython): takes numbers, arrays and listed objects. */
  | 'native'
  /** `__pyx_unpickle_X(class, checksum, state)`. */
  | 'cython-unpickle'
  /** `newObj(class)` of scikit-learn's compiled classes. */
  | 'cython-new'
  /** A member of an enumeration: called with its value. */
  | 'enum'
  /** A named tuple. */
  | 'named-tuple'
  /** A function without side effects, ufuncs above all: kept as a value, never called. */
  | 'value'
  /** A type that says what kind of number or text something is: kept as a value, never called. */
  | 'type'
  /** A function or class whose call with plain values only keeps them. */
  | 'plain-call'
  /** The same with a listed class in front. */
  | 'class-call'
  | 'reconstructor'
  | 'new-object'
  | 'codecs-encode'
  | 'bytearray'
  | 'bytes'
  | 'set'
  | 'slice'
  | 'complex'
  | 'mapping'
  | 'default-dict'
  | 'deque'
  | 'datetime'
  | 'decimal'
  | 'partial'
  /** A distribution of scipy.stats: a text of its state is run by `exec`. */
  | 'distribution'
  /** `numpy.vectorize`, which discrete distributions hold. */
  | 'vectorize'
  /** `getattr`, for the methods of distributions that `vectorize` holds. */
  | 'getattr'
  | 'array-class'
  /** A class of arrays that may not be kept. */
  | 'array-subclass'
  | 'array-reconstruct'
  | 'masked-reconstruct'
  | 'array-from-buffer'
  | 'scalar'
  | 'dtype'
  | 'ufunc-reconstruct'
  | 'random-constructor'
  | 'bit-generator-constructor'
  | 'bit-generator'
  /** NumPy's generators by their class: skops makes them so. */
  | 'random-class'
  | 'joblib-array'
  | 'xgboost-booster'
  | 'lightgbm-booster'
  | 'storage'
  | 'tensor'

/** Rules whose names may stand as values. */
export const valueRules: ReadonlySet<Rule> = new Set<Rule>([
  'value',
  'type',
  'array-class',
  'mapping',
  'bit-generator',
  'set',
  'bytes',
  'complex',
])

/** Classes that others keep to make splitters of: `RepeatedKFold` and its like. Their constructors only keep numbers. */
export const valueClasses: ReadonlySet<string> = new Set(
  ['sklearn.model_selection._split', 'sklearn.model_selection.split'].flatMap((module) =>
    ['KFold', 'StratifiedKFold'].map((name) => `${module}.${name}`),
  ),
)

const numpyCores = ['numpy.core', 'numpy._core'] as const

/** [rule, module, names]. */
export const specialNames: readonly (readonly [rule: Rule, module: string, names: string])[] = [
  ['reconstructor', 'copyreg', '_reconstructor'],
  ['new-object', 'copyreg', '__newobj__'],
  ['codecs-encode', '_codecs', 'encode'],
  ['type', 'builtins', 'object int float bool str list dict tuple'],
  ['bytes', 'builtins', 'bytes'],
  ['bytearray', 'builtins', 'bytearray'],
  ['set', 'builtins', 'set frozenset'],
  ['slice', 'builtins', 'slice range'],
  ['complex', 'builtins', 'complex'],
  ['mapping', 'collections', 'OrderedDict Counter'],
  ['default-dict', 'collections', 'defaultdict'],
  ['deque', 'collections', 'deque'],
  ['datetime', 'datetime', 'datetime date time timedelta timezone'],
  ['decimal', 'decimal', 'Decimal'],
  ['decimal', 'fractions', 'Fraction'],
  ['partial', 'functools', 'partial'],
  ['getattr', 'builtins', 'getattr'],
  ['vectorize', 'numpy', 'vectorize'],
  ['vectorize', 'numpy.lib.function_base', 'vectorize'],
  ['array-class', 'numpy', 'ndarray'],
  ['array-class', 'numpy', 'matrix recarray'],
  // Called, it opens a file.
  ['array-subclass', 'numpy', 'memmap'],
  ['array-class', 'numpy.matrixlib.defmatrix', 'matrix'],
  ['array-subclass', 'numpy.core.memmap', 'memmap'],
  ['array-subclass', 'numpy._core.memmap', 'memmap'],
  ['array-class', 'numpy.ma.core', 'MaskedArray'],
  ['array-class', 'numpy.ma', 'MaskedArray'],
  ['masked-reconstruct', 'numpy.ma.core', '_mareconstruct'],
  ['dtype', 'numpy', 'dtype'],
  ['random-constructor', 'numpy.random', '__RandomState_ctor'],
  ['random-constructor', 'numpy.random._pickle', '__randomstate_ctor __generator_ctor'],
  ['bit-generator-constructor', 'numpy.random._pickle', '__bit_generator_ctor'],
  ['bit-generator', 'numpy.random._mt19937', 'MT19937'],
  ['bit-generator', 'numpy.random._pcg64', 'PCG64 PCG64DXSM'],
  ['bit-generator', 'numpy.random._philox', 'Philox'],
  ['bit-generator', 'numpy.random._sfc64', 'SFC64'],
  ['random-class', 'numpy.random.mtrand', 'RandomState'],
  ['random-class', 'numpy.random', 'RandomState Generator'],
  ['random-class', 'numpy.random._generator', 'Generator'],
  ['native', 'numpy.random.bit_generator', 'SeedSequence'],
  ['native', 'numpy.random._bit_generator', 'SeedSequence'],
  ['cython-unpickle', 'numpy.random.bit_generator', '__pyx_unpickle_SeedSequence'],
  ['cython-unpickle', 'numpy.random._bit_generator', '__pyx_unpickle_SeedSequence'],
  ...numpyCores.flatMap(
    (core) =>
      [
        ['array-reconstruct', `${core}.multiarray`, '_reconstruct'],
        ['scalar', `${core}.multiarray`, 'scalar'],
        ['array-from-buffer', `${core}.numeric`, '_frombuffer'],
        ['ufunc-reconstruct', core, '_ufunc_reconstruct'],
        ['array-class', `${core}.records`, 'recarray'],
      ] as const,
  ),
  [
    'type',
    'numpy',
    'bool bool_ bool8 int8 int16 int32 int64 intc intp int_ longlong uint8 uint16 uint32 uint64 uintc uintp uint ulonglong byte short long ubyte ushort ulong float16 float32 float64 float_ half single double longdouble float128 complex64 complex128 complex256 clongdouble complex_ str_ bytes_ object_ void datetime64 timedelta64 unicode_ string_ number integer signedinteger unsignedinteger inexact floating complexfloating flexible character generic record',
  ],
  ['joblib-array', 'joblib.numpy_pickle', 'NumpyArrayWrapper'],
  ['joblib-array', 'sklearn.externals.joblib.numpy_pickle', 'NumpyArrayWrapper'],
  ['xgboost-booster', 'xgboost.core', 'Booster'],
  ['lightgbm-booster', 'lightgbm.basic', 'Booster'],
  ['value', 'scipy._lib.array_api_compat.numpy._aliases', 'asarray'],
  ['value', 'scipy._external.array_api_compat.numpy._aliases', 'asarray'],
  ['class-call', 'pandas.core.indexes.base', '_new_Index'],
  ['class-call', 'pandas.core.indexes.datetimes', '_new_DatetimeIndex'],
  ['class-call', 'pandas.core.indexes.period', '_new_PeriodIndex'],
  ['class-call', 'pandas.core.indexes.interval', '_new_IntervalIndex'],
  ['class-call', 'pandas._libs.arrays', '__pyx_unpickle_NDArrayBacked'],
  ['plain-call', 'pandas._libs.internals', '_unpickle_block'],
  ['plain-call', 'pandas._libs.tslibs.timestamps', '_unpickle_timestamp'],
  ['plain-call', 'pandas._libs.tslibs.timedeltas', '_timedelta_unpickle'],
  ['plain-call', 'pandas._libs.tslibs.nattype', '_nat_unpickle'],
  ['plain-call', 'pandas._libs.tslibs.timestamps', 'Timestamp'],
  ['plain-call', 'pandas', 'Timestamp Timedelta'],
  ['plain-call', 'pyarrow.lib', '_restore_array type_for_alias py_buffer chunked_array'],
  ['value', 'pandas', 'NA'],
  ['plain-call', 'pytz', '_p _UTC'],
  ['native', 'pandas', 'Interval'],
  ['native', 'pandas._libs.internals', 'BlockManager BlockPlacement'],
  ['native', 'pandas._libs.interval', 'Interval'],
  ['plain-call', 'pandas._libs.missing', 'NAType'],
]

/** Names of torch's own files, which hold tensors; on the list in no other file. */
export const torchNames: readonly (readonly [rule: Rule, module: string, names: string])[] = [
  [
    'storage',
    'torch',
    'FloatStorage DoubleStorage HalfStorage BFloat16Storage LongStorage IntStorage ShortStorage CharStorage ByteStorage BoolStorage ComplexFloatStorage ComplexDoubleStorage QInt8Storage QUInt8Storage QInt32Storage',
  ],
  ['storage', 'torch.storage', 'UntypedStorage TypedStorage'],
  [
    'type',
    'torch',
    'float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128 float double half long int short strided',
  ],
  [
    'tensor',
    'torch._utils',
    '_rebuild_tensor _rebuild_tensor_v2 _rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor',
  ],
  ['plain-call', 'torch', 'Size device'],
  ['plain-call', 'torch.serialization', '_get_layout'],
]
