/** Gadgets by every encoding, use, place and wrapping that the assembler knows: none is ever called safe, nearly all are named. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { defaultLimits } from '../../src/limits.ts'
import { judgePickle } from '../../src/pickle/file.ts'
import { everyName, listedName } from '../../src/pickle/names.ts'
import { bytesOf, callForms, nameForms, placeForms, textForms, wrapForms } from './assemble.ts'
import { dangerousNames } from './dangerous-names.ts'

const argument = textForms.short!('true')

describe('gadgets', () => {
  test('each dangerous name is off the list', () => {
    const listed = new Set(everyName().map(({ module, name }) => `${module}.${name}`))
    // For distributions of scipy.stats, with rules of their own: tested below.
    const withRule = new Set(['builtins.getattr', 'numpy.vectorize', 'scipy.stats._continuous_distns.uniform_gen'])
    for (const full of dangerousNames.map((pair) => pair.join('.'))) assert.ok(withRule.has(full) || !listed.has(full), full)
    assert.deepEqual(everyName().filter(({ rule }) => rule === 'getattr').length, 1)
    assert.equal(listedName('builtins', 'getattr')?.asValue, false)
  })

  test('every combination of forms is found and named', () => {
    let count = 0
    for (const [nameForm, pushName] of Object.entries(nameForms))
      for (const [textForm, pushText] of Object.entries(textForms))
        for (const [callForm, call] of Object.entries(callForms))
          for (const [placeForm, place] of Object.entries(placeForms)) {
            const [module, name] = dangerousNames[count % dangerousNames.length]!
            const bytes = place(call(pushName(module, name, pushText), argument))
            const verdict = judgePickle(bytes, defaultLimits)
            const label = `${nameForm} ${textForm} ${callForm} ${placeForm} ${module}.${name}`
            assert.equal(verdict.outcome, 'unsafe', label)
            count++
          }
    assert.ok(count > 5000)
  })

  test('any name that is not on the list, in any wrapping, is named', () => {
    const listed = new Set(everyName().map(({ module, name }) => `${module}\n${name}`))
    const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,10}$/)
    const module = fc.oneof(
      fc.constantFrom('os', 'sklearn.utils', 'numpy', 'sklearn.linear_model._base', 'builtins', 'joblib', 'torch', '__main__'),
      fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.')),
    )
    const name = fc.array(word, { minLength: 1, maxLength: 2 }).map((parts) => parts.join('.'))
    const form = <Each>(forms: Readonly<Record<string, Each>>) => fc.constantFrom(...Object.values(forms))
    fc.assert(
      fc.property(
        module,
        name,
        form(nameForms),
        form(textForms),
        form(callForms),
        form(placeForms),
        form(wrapForms),
        (module, name, pushName, pushText, call, place, wrap) => {
          fc.pre(!listed.has(`${module}\n${name}`))
          const verdict = judgePickle(wrap(place(call(pushName(module, name, pushText), argument))), defaultLimits)
          assert.equal(verdict.outcome, 'unsafe')
          assert.ok(verdict.value === undefined)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('a listed name with abusive arguments is refused', () => {
    const t = textForms.short!
    const cases: Readonly<Record<string, Buffer>> = {
      'bytearray of a size': bytesOf('cbuiltins\nbytearray\n', 'J', u32(1 << 30), 0x85, 'R'),
      'bytes of a size': bytesOf('cbuiltins\nbytes\n', 'J', u32(1 << 30), 0x85, 'R'),
      'another codec': bytesOf('c_codecs\nencode\n', t('x'), t('bz2'), 0x86, 'R'),
      'reconstruct of a class': bytesOf(
        'cnumpy.core.multiarray\n_reconstruct\n',
        'csklearn.svm._classes\nSVC\n',
        'K\x00',
        0x85,
        'C\x01b',
        0x87,
        'R',
      ),
      'reconstruct of a shape': bytesOf(
        'cnumpy.core.multiarray\n_reconstruct\n',
        'cnumpy\nndarray\n',
        'J',
        u32(1 << 30),
        0x85,
        'C\x01b',
        0x87,
        'R',
      ),
      'a class as a value': bytesOf(']', 'cxgboost.core\nBooster\n', 'a'),
      'a class in a state': bytesOf(
        'csklearn.svm._classes\nSVC\n',
        ')',
        0x81,
        '}',
        t('kernel'),
        'clightgbm.basic\nBooster\n',
        's',
        'b',
      ),
      'a class in a tuple in a state': bytesOf(
        'csklearn.svm._classes\nSVC\n',
        ')',
        0x81,
        '}',
        t('kernel'),
        'clightgbm.basic\nBooster\n',
        0x85,
        0x85,
        's',
        'b',
      ),
      'a function that is called': bytesOf('csklearn.metrics._classification\naccuracy_score\n', ']', ']', 0x86, 'R'),
      'a class that is called': bytesOf('cxgboost.core\nBooster\n', 'N', ')', t('/tmp/model'), 0x87, 'R'),
      'a partial of a class': bytesOf('cfunctools\npartial\n', 'clightgbm.basic\nBooster\n', 0x85, 'R'),
      'a partial given another function': bytesOf(
        'cfunctools\npartial\n',
        'cnumpy\nlog1p\n',
        0x85,
        'R',
        '(',
        'cxgboost.core\nBooster\n',
        ')',
        'N',
        'N',
        't',
        'b',
      ),
      'a partial that opens a file': bytesOf('cfunctools\npartial\n', 'cnumpy\nmemmap\n', 0x85, 'R'),
      'a factory': bytesOf('ccollections\ndefaultdict\n', 'cxgboost.core\nBooster\n', 0x85, 'R'),
      'a state of the class itself': bytesOf('csklearn.svm._classes\nSVC\n', '}', t('predict'), 'N', 's', 'b'),
      'a planted method': bytesOf('csklearn.svm._classes\nSVC\n', ')', 0x81, '}', t('__setstate__'), 'cnumpy\nlog1p\n', 's', 'b'),
      'a handle that is an address': bytesOf(
        'cxgboost.core\nBooster\n',
        ')',
        0x81,
        '}',
        t('handle'),
        'J',
        u32(1 << 30),
        's',
        'b',
      ),
      'two handles': bytesOf(
        'clightgbm.basic\nBooster\n',
        ')',
        0x81,
        '}',
        '(',
        t('handle'),
        'K\x01',
        t('handle'),
        t('tree'),
        'u',
        'b',
      ),
      'a ufunc that is none': bytesOf('cnumpy.core\n_ufunc_reconstruct\n', t('os'), t('system'), 0x86, 'R'),
      'a generator that is none': bytesOf('cnumpy.random._pickle\n__randomstate_ctor\n', t('os'), 0x85, 'R'),
      'a dtype of words': bytesOf('cnumpy\ndtype\n', t('i4,(2,3)f8'), 0x85, 'R'),
      'an object without its state’s form': bytesOf('csklearn.svm._classes\nSVC\n', ')', 0x81, 'K\x01', 'b'),
      'appending to an object': bytesOf('csklearn.svm._classes\nSVC\n', ')', 0x81, 'K\x01', 'a'),
      'items of an object': bytesOf('csklearn.svm._classes\nSVC\n', ')', 0x81, 'K\x01', 'K\x01', 's'),
      'base class that is none': bytesOf(
        'ccopyreg\n_reconstructor\n',
        'csklearn.svm._classes\nSVC\n',
        'cxgboost.core\nBooster\n',
        'N',
        0x87,
        'R',
      ),
      'reconstructed function': bytesOf('ccopyreg\n_reconstructor\n', 'cnumpy\nlog1p\n', 'cbuiltins\nobject\n', 'N', 0x87, 'R'),
      'a compiled class of a size': bytesOf('csklearn.tree._tree\nTree\n', 'J', u32(1 << 30), 'K\x01', 'K\x01', 0x87, 'R'),
      'a method planted before the items': bytesOf(
        'cpandas.core.indexes.frozen\nFrozenList\n',
        ')',
        0x81,
        '}',
        t('extend'),
        'cnumpy\nmean\n',
        's',
        'b',
        '(',
        t('x'),
        'e',
      ),
      'a scorer that calls any method': bytesOf(
        'csklearn.metrics._scorer\n_PredictScorer\n',
        ')',
        0x81,
        '}',
        t('_response_method'),
        t('eval'),
        's',
        'b',
      ),
      'a function that gives any attribute': bytesOf(']', 'csklearn.utils.validation\n_check_response_method\n', 'a'),
      'getattr of a class': bytesOf('cbuiltins\ngetattr\n', 'cnumpy\nndarray\n', t('tofile'), 0x86, 'R'),
      'getattr of a distribution’s other attribute': bytesOf(
        'cbuiltins\ngetattr\n',
        'cscipy.stats._discrete_distns\nrandint_gen\n',
        ')',
        0x81,
        t('__init__'),
        0x86,
        'R',
      ),
      'a distribution whose key is hidden in a NumPy text': bytesOf(
        'cscipy.stats._continuous_distns\nuniform_gen\n',
        ')',
        0x81,
        '}',
        'cnumpy._core.multiarray\nscalar\n',
        'cnumpy\ndtype\n',
        t('U19'),
        0x89,
        0x88,
        0x87,
        'R',
        'C',
        76,
        Buffer.from('_parse_arg_template', 'utf16le').toString('latin1').replace(/(..)/gs, '$1\0\0'),
        0x86,
        'R',
        t('pass'),
        's',
        'b',
      ),
      'a type that changes after its use': bytesOf(
        ']',
        '(',
        'cnumpy\ndtype\n',
        t('V8'),
        0x89,
        0x88,
        0x87,
        'R',
        'q\x00',
        'cnumpy._core.numeric\n_frombuffer\n',
        '(',
        'C\x08AAAAAAAA',
        'h\x00',
        'K\x01',
        0x85,
        t('C'),
        't',
        'R',
        'h\x00',
        '(K\x03',
        t('|'),
        'NNNK\x08K\x01K\x1bt',
        'b',
        'e',
      ),
      'distribution that runs its state': bytesOf(
        'cscipy.stats._continuous_distns\nuniform_gen\n',
        ')',
        0x81,
        '}',
        t('_parse_arg_template'),
        t('pass'),
        's',
        'b',
      ),
    }
    for (const [label, body] of Object.entries(cases)) {
      const verdict = judgePickle(bytesOf(0x80, 4, body, '.'), defaultLimits)
      assert.notEqual(verdict.outcome, 'safe', label)
    }
  })
})

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
