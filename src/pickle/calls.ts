/** Judges what a pickle does with a name: calls it, makes an object of it, gives the object a state. Gives the record of the result. */
import type { Judge } from './machine.ts'
import { numpyBuild, numpyCalls } from './numpy.ts'
import { pendingOf } from './pending.ts'
import { plainCalls } from './plain.ts'
import type { Rule } from './special-names.ts'
import { type GlobalNode, isNode, type ObjectNode, type PickleValue, type TupleNode } from './value.ts'
import { Malformed } from './verdict.ts'

/** A call that is being judged. */
export interface Call {
  readonly callee: GlobalNode
  readonly args: readonly PickleValue[]
  readonly judge: Judge
  readonly offset: number
  /** Says that the call is not allowed; gives a record of it, so that reading goes on. */
  refuse(why: string): ObjectNode
  /** The record of an allowed call. */
  record(args?: readonly PickleValue[]): ObjectNode
}

/** Judges the calls of one rule. */
export type CallRule = (call: Call) => PickleValue

/** Judges `callee(*args)`. */
export function callGlobal(callee: PickleValue, args: TupleNode, judge: Judge, offset: number): PickleValue {
  if (!isNode(callee, 'global')) return refuseValue(callee, judge, offset)
  const call = makeCall(callee, args.items, judge, offset)
  if (callee.entry === undefined) return call.record()
  const rule = callRules[callee.entry.rule]
  if (rule === undefined) return call.refuse('is called')
  return rule(call)
}

/** Judges `cls.__new__(cls, *args, **named)`. */
export function newObject(
  callee: PickleValue,
  args: TupleNode,
  named: { readonly entries: readonly PickleValue[] } | undefined,
  judge: Judge,
  offset: number,
): PickleValue {
  if (!isNode(callee, 'global')) return refuseValue(callee, judge, offset)
  const call = makeCall(callee, args.items, judge, offset)
  if (callee.entry === undefined) return call.record()
  if (named !== undefined && named.entries.length > 0) return call.refuse('is made with named arguments')
  const rule = newRules[callee.entry.rule]
  if (rule === undefined) return call.refuse('is made into an object')
  return rule(call)
}

/**
 * Judges giving an object its state; gives what then stands in its place.
 *
 * @throws Malformed
 */
export function applyBuild(target: PickleValue, state: PickleValue, judge: Judge, offset: number): PickleValue {
  judge.keep(state, offset)
  if (isNode(target, 'array') || isNode(target, 'dtype')) {
    numpyBuild(target, state, offset, judge.limits)
    return target
  }
  if (isNode(target, 'global')) {
    const { module, name } = target
    judge.unsafe({ module, name, how: 'state', why: 'is changed as a class' }, offset)
    return target
  }
  if (!isNode(target, 'object')) throw new Malformed('gives a state to what has none', offset)
  const { entry, module, name } = target
  if (entry === undefined) return target
  if (target.state !== undefined) throw new Malformed(`gives ${module}.${name} a second state`, offset)
  target.state = state
  const wrong = stateProblem(entry.rule, state)
  if (wrong !== undefined) judge.unsafe({ module, name, how: 'state', why: wrong }, offset)
  return target
}

/** What is wrong with a state; undefined where it is allowed. Its values were judged when they were put together. */
export function stateProblem(rule: Rule, state: PickleValue): string | undefined {
  switch (rule) {
    case 'class':
    case 'enum':
      return isNode(state, 'dict')
        ? (keyProblem(state.entries) ?? methodProblem(state.entries))
        : 'is given a state that is no dictionary'
    case 'slots':
    case 'mapping':
    case 'default-dict':
    case 'deque':
    case 'set': {
      const parts = isNode(state, 'tuple') ? state.items : [state]
      if (parts.length > 2) return 'is given a state of more than two parts'
      for (const part of parts) {
        if (part === null) continue
        if (!isNode(part, 'dict')) return 'is given a state that is no dictionary'
        const problem = keyProblem(part.entries)
        if (problem !== undefined) return problem
      }
      return undefined
    }
    case 'xgboost-booster':
      return boosterProblem(state, ['handle'], (value) => value instanceof Uint8Array || isNode(value, 'bytearray'))
    case 'lightgbm-booster':
      return boosterProblem(state, ['handle', '_handle'], (value) => typeof value === 'string')
    case 'partial':
      return partialProblem(state)
    case 'distribution':
      return distributionProblem(state)
    case 'vectorize':
      return isNode(state, 'dict') ? keyProblem(state.entries, describing) : 'is given a state that is no dictionary'
    case 'native':
    case 'cython-unpickle':
    case 'cython-new':
    case 'class-call':
    case 'plain-call':
    case 'random-constructor':
    case 'bit-generator-constructor':
    case 'joblib-array':
    case 'reconstructor':
      return isNode(state, 'dict') ? keyProblem(state.entries) : undefined
    default:
      return 'is given a state'
  }
}

const onlyPrototype: ReadonlySet<string> = new Set(['__proto__'])
/** Keys that describe an object and change nothing of it. */
const describing: ReadonlySet<string> = new Set(['__proto__', '__doc__', '__name__'])

/** A key such as `__setstate__` or `__class__` would replace what the class does. `__proto__` is JavaScript's, and here data as any. */
function keyProblem(entries: readonly PickleValue[], allowed: ReadonlySet<string> = onlyPrototype): string | undefined {
  for (let index = 0; index < entries.length; index += 2) {
    const key = entries[index]
    if (typeof key === 'string' && key.startsWith('__') && key.endsWith('__') && !allowed.has(key))
      return `is given a state with the key ${key}`
  }
  return undefined
}

/** What scikit-learn looks up by name on whatever object stands there, and calls with its input. */
const calledByName: ReadonlySet<PickleValue> = new Set(['stack_method_', '_response_method', 'response_method'])
const scoringMethods: ReadonlySet<PickleValue> = new Set([
  'auto',
  'drop',
  'predict',
  'predict_proba',
  'predict_log_proba',
  'decision_function',
  'score_samples',
  'transform',
])

function methodProblem(entries: readonly PickleValue[]): string | undefined {
  for (let index = 0; index < entries.length; index += 2) {
    if (!calledByName.has(entries[index]!)) continue
    const value = entries[index + 1]!
    const names = isNode(value, 'list') || isNode(value, 'tuple') ? value.items : [value]
    const strange = names.find((name) => typeof name === 'string' && !scoringMethods.has(name))
    if (strange !== undefined) return `calls the method ${String(strange)} of what it holds`
  }
  return undefined
}

/** A booster's state holds the model in its own format; a number there would be taken for an address in memory. */
function boosterProblem(
  state: PickleValue,
  keys: readonly string[],
  isModel: (value: PickleValue) => boolean,
): string | undefined {
  if (!isNode(state, 'dict')) return 'is given a state that is no dictionary'
  for (const key of keys) {
    // Every one that stands there: of a key that stands twice Python takes the last, and so does nobody else.
    for (let index = 0; index < state.entries.length; index += 2) {
      const value = state.entries[index + 1]!
      if (state.entries[index] === key && value !== null && !isModel(value)) return `is given a ${key} that is no model`
    }
  }
  return keyProblem(state.entries)
}

/** What scipy writes for the shape parameters of a distribution: three functions that hand their arguments on. */
const parseTemplate =
  /^\s*def _parse_args\(self, (?<names>(?:[A-Za-z]\w{0,30}, )*) ?(?<given>loc=0(?:, scale=1)?)\):\n {4}return \(\k<names>\), (?<made>loc, (?:scale|1))\n\ndef _parse_args_rvs\(self, \k<names> ?\k<given>, size=None\):\n {4}return self\._argcheck_rvs\(\k<names> ?\k<made>, size=size\)\n\ndef _parse_args_stats\(self, \k<names> ?\k<given>, moments='mv'\):\n {4}return \(\k<names>\), \k<made>, moments\s*$/

/** A distribution's `__setstate__` runs the text under one key; a key that is no plain text could stand for it. */
function distributionProblem(state: PickleValue): string | undefined {
  if (!isNode(state, 'dict')) return 'is given a state that is no dictionary'
  for (let index = 0; index < state.entries.length; index += 2) {
    const [key, value] = [state.entries[index], state.entries[index + 1]]
    if (typeof key !== 'string') return 'is given a state with a key that is no text'
    if (key === '_parse_arg_template' && !(typeof value === 'string' && parseTemplate.test(value)))
      return 'is given a text to run'
  }
  return keyProblem(state.entries, describing)
}

/** (function, arguments, named arguments, attributes). The function was judged when it was kept. */
function partialProblem(state: PickleValue): string | undefined {
  const parts = isNode(state, 'tuple') ? state.items : []
  const [callee, args, named, attributes] = parts
  const plain =
    parts.length === 4 &&
    isNode(callee, 'global') &&
    isNode(args, 'tuple') &&
    (isNode(named, 'dict') || named === null) &&
    (isNode(attributes, 'dict') || attributes === null)
  if (!plain) return 'is given a state that is no function with its arguments'
  return isNode(attributes, 'dict') ? keyProblem(attributes.entries) : undefined
}

function makeCall(callee: GlobalNode, args: readonly PickleValue[], judge: Judge, offset: number): Call {
  const { module, name, entry } = callee
  const record = (given: readonly PickleValue[] = args): ObjectNode => ({
    kind: 'object',
    module,
    name,
    entry,
    args: given,
    offset,
  })
  return {
    callee,
    args,
    judge,
    offset,
    record,
    refuse(why) {
      judge.unsafe({ module, name, how: 'call', why }, offset)
      // Nothing more is said of what comes of it.
      return { ...record(), entry: undefined }
    },
  }
}

/** What is called is itself the result of a call, or no name at all. */
function refuseValue(callee: PickleValue, judge: Judge, offset: number): PickleValue {
  if (!isNode(callee, 'object')) throw new Malformed('calls what is no name', offset)
  const { module, name, entry } = callee
  // What an unlisted name gave has been told already.
  if (entry !== undefined) judge.unsafe({ module, name, how: 'call', why: 'gives what is called' }, offset)
  return { kind: 'object', module, name, entry: undefined, args: [], offset }
}

/** The arguments are data, without any name that may not be kept. */
function plainArguments(call: Call): PickleValue {
  for (const arg of call.args) call.judge.keep(arg, call.offset)
  return call.record()
}

/** `function(class, …)`: the class must be listed with one of the rules. */
function withClass(rules: readonly Rule[], modules?: RegExp): CallRule {
  return (call) => {
    const [subject, ...rest] = call.args
    for (const arg of rest) call.judge.keep(arg, call.offset)
    if (!isNode(subject, 'global')) return call.refuse('is called without a class')
    if (subject.entry !== undefined) {
      const fits = rules.includes(subject.entry.rule) && modules?.test(subject.module) !== false
      if (!fits) return call.refuse(`makes an object of ${subject.module}.${subject.name}`)
    }
    return { ...call.record(rest), module: subject.module, name: subject.name, entry: subject.entry }
  }
}

const withoutArguments: CallRule = (call) =>
  call.args.length === 0 ? call.record() : call.refuse('is made with arguments, which it does not take')

const objectClasses: readonly Rule[] = [
  'class',
  'slots',
  'native',
  'xgboost-booster',
  'lightgbm-booster',
  'joblib-array',
  'mapping',
  'distribution',
  'vectorize',
]

/** `copyreg._reconstructor(class, base, state)`: what protocols 0 and 1 make objects with. */
const reconstructor: CallRule = (call) => {
  const [subject, base, state] = call.args
  if (call.args.length !== 3 || !isNode(subject, 'global') || !isNode(base, 'global'))
    return call.refuse('is called without a class and its base')
  if (subject.entry === undefined || base.entry === undefined) return call.record()
  if (subject.entry.rule === 'named-tuple' && base.module === 'builtins' && base.name === 'tuple' && isNode(state, 'tuple'))
    return newObject(subject, state, undefined, call.judge, call.offset)
  if (!objectClasses.includes(subject.entry.rule)) return call.refuse(`makes an object of ${subject.module}.${subject.name}`)
  const made: ObjectNode = { ...call.record([]), module: subject.module, name: subject.name, entry: subject.entry }
  if (base.module !== 'builtins') return call.refuse(`builds on ${base.module}.${base.name}`)
  if (base.name === 'object' && state === null) return made
  if (base.name === 'dict' && isNode(state, 'dict') && subject.entry.items === 'dict')
    return { ...made, entries: [...state.entries] }
  if (base.name === 'list' && isNode(state, 'list') && subject.entry.items === 'list') return { ...made, items: [...state.items] }
  return call.refuse(`builds on ${base.module}.${base.name} with a value that is none`)
}

/** `copyreg.__newobj__(class, *args)`. */
const newObjectCall: CallRule = (call) => {
  const [subject, ...rest] = call.args
  if (subject === undefined || pendingOfAll(rest)) return call.refuse('is called without a class')
  return newObject(subject, { kind: 'tuple', items: rest }, undefined, call.judge, call.offset)
}

function pendingOfAll(values: readonly PickleValue[]): boolean {
  return values.some((value) => pendingOf(value) !== undefined)
}

const partial: CallRule = (call) => {
  const [callee, ...rest] = call.args
  // Made by `partial(function)`, or by `partial.__new__(partial, function, …)`; arguments follow as state.
  if (!isNode(callee, 'global')) return call.refuse('is called without a function')
  if (callee.entry !== undefined && !callee.entry.asValue) return call.refuse(`calls ${callee.module}.${callee.name}`)
  for (const arg of rest) call.judge.keep(arg, call.offset)
  return call.record()
}

/** `getattr(distribution, '_entropy')`: a method that is computed with, and is no way to any other attribute. */
const methodOf: CallRule = (call) => {
  const [subject, name] = call.args
  const isDistribution = isNode(subject, 'object') && (subject.entry === undefined || subject.entry.rule === 'distribution')
  return call.args.length === 2 && isDistribution && typeof name === 'string' && distributionMethods.has(name)
    ? call.record()
    : call.refuse('is called with other than a method of a distribution')
}

const distributionMethods: ReadonlySet<string> = new Set([
  '_entropy',
  '_ppf_single',
  '_cdf_single',
  '_ppfvec',
  '_cdfvec',
  '_munp',
])

const native: readonly Rule[] = ['native']

/** Some compiled classes allocate by a number that they are given. */
const largestSize = 1n << 24n

const nativeCall: CallRule = (call) =>
  call.args.some((arg) => typeof arg === 'bigint' && (arg > largestSize || arg < -largestSize))
    ? call.refuse('is called with a size')
    : plainArguments(call)

/** What a call of a name of each rule is judged by; a rule that is absent allows no call. */
const callRules: { readonly [Each in Rule]?: CallRule } = {
  native: nativeCall,
  enum: plainArguments,
  'plain-call': plainArguments,
  'class-call': withClass(['class', 'native', 'slots'], /^pandas(\.|$)/),
  'cython-unpickle': withClass(native),
  'cython-new': withClass(native),
  reconstructor,
  'new-object': newObjectCall,
  getattr: methodOf,
  partial,
  tensor: plainArguments,
  ...plainCalls,
  ...numpyCalls,
}

/** What making an object without `__init__` is judged by. */
const newRules: { readonly [Each in Rule]?: CallRule } = {
  class: withoutArguments,
  slots: withoutArguments,
  'xgboost-booster': withoutArguments,
  'lightgbm-booster': withoutArguments,
  'joblib-array': withoutArguments,
  native: nativeCall,
  'named-tuple': plainArguments,
  enum: plainArguments,
  'plain-call': plainArguments,
  mapping: withoutArguments,
  distribution: withoutArguments,
  vectorize: withoutArguments,
  partial,
}
