/** Requirements (PEP 508) as `packaging.requirements.Requirement` reads and prints them. */
import { MlmodelError, type Where } from '../errors/index.ts'
import { formatMarker, type Marker, type MarkerGroup, type MarkerOperator, type MarkerValue, markerComparison } from './marker.ts'
import { normalizeName } from './name.ts'
import { readPythonString } from './python-string.ts'
import { formatSpecifiers, parseSpecifiers, type Specifier, specifierPattern } from './specifier.ts'

export interface Requirement {
  /** As it is written. */
  readonly name: string
  /** The name normalised as PEP 503 has it. */
  readonly key: string
  /** As they are written, each once, sorted. */
  readonly extras: readonly string[]
  readonly specifiers: readonly Specifier[]
  /** `name @ https://…`; then there are no specifiers. */
  readonly url: string | undefined
  readonly marker: Marker | undefined
}

/**
 * Reads a requirement.
 *
 * @throws MlmodelError REQUIREMENT_INVALID for what `packaging` refuses, and for markers of more than 200 levels
 */
export function parseRequirement(text: string, where: Where = {}): Requirement {
  return new Parser(text, where).requirement()
}

/** A requirement as `str(packaging.requirements.Requirement(text))`: `Pandas [b,a] >= 2, <3` is `Pandas[a,b]<3,>=2`. */
export function formatRequirement({ name, extras, specifiers, url, marker }: Requirement): string {
  const parts = [name, extras.length === 0 ? '' : `[${extras.join(',')}]`, formatSpecifiers(specifiers)]
  if (url !== undefined) parts.push(` @ ${url}`, marker === undefined ? '' : ' ')
  if (marker !== undefined) parts.push(`; ${formatMarker(marker)}`)
  return parts.join('')
}

/** Tokens, each tried at the place that was reached. */
const tokens = {
  space: /[ \t]+/y,
  name: /[a-zA-Z0-9][a-zA-Z0-9._-]*\b/y,
  specifier: new RegExp(specifierPattern, 'iy'),
  url: /[^ \t]+/y,
  variable:
    /(?:python_version|python_full_version|os[._]name|sys[._]platform|platform_(?:release|system)|platform[._](?:version|machine|python_implementation)|python_implementation|implementation_(?:name|version)|extras?|dependency_groups)\b/y,
  quoted: /'[^']*'|"[^"]*"/y,
  operator: /===|==|~=|!=|<=|>=|<|>/y,
  and: /(?:or|and)\b/y,
  in: /in\b/y,
  not: /not\b/y,
}

/** Python's own reader ends in a RecursionError at some hundred. */
const deepestMarker = 200

class Parser {
  readonly #text: string
  readonly #where: Where
  #at = 0

  constructor(text: string, where: Where) {
    this.#text = text
    this.#where = where
  }

  requirement(): Requirement {
    this.#skipSpace()
    const name = this.#take('name') ?? this.#fail('it does not begin with the name of a package')
    this.#skipSpace()
    const extras = this.#extras()
    this.#skipSpace()
    let url: string | undefined
    let specifiers: readonly Specifier[] = []
    let marker: Marker | undefined
    if (this.#skip('@')) {
      this.#skipSpace()
      url = this.#take('url') ?? this.#fail('there is no address behind @')
      if (!this.#isAtEnd() && this.#take('space') !== undefined && !this.#isAtEnd())
        marker = this.#afterSemicolon('a semicolon is wanted behind the address and a space')
    } else {
      const start = this.#at
      const written = this.#specifiers()
      this.#skipSpace()
      if (!this.#isAtEnd())
        marker = this.#afterSemicolon(
          written === ''
            ? 'versions or a semicolon are wanted behind the name'
            : 'a comma or a semicolon is wanted behind the versions',
        )
      // `===` takes commas along, and what stands between two of them need be no specifier.
      specifiers = parseSpecifiers(written) ?? this.#fail('what stands between the commas are not all versions', start)
    }
    if (!this.#isAtEnd()) this.#fail('nothing is wanted here')
    return { name, key: normalizeName(name), extras: [...new Set(extras)].sort(), specifiers, url, marker }
  }

  #extras(): readonly string[] {
    const open = this.#at
    if (!this.#skip('[')) return []
    this.#skipSpace()
    const extras: string[] = []
    let extra = this.#take('name')
    while (extra !== undefined) {
      extras.push(extra)
      this.#skipSpace()
      if (!this.#skip(',')) break
      this.#skipSpace()
      extra = this.#take('name') ?? this.#fail('the name of an extra is wanted behind the comma')
    }
    this.#skipSpace()
    if (!this.#skip(']')) this.#fail('the bracket of the extras is not closed', open)
    return extras
  }

  /** The text of all specifiers with their commas. */
  #specifiers(): string {
    const open = this.#at
    const isEnclosed = this.#skip('(')
    this.#skipSpace()
    let written = ''
    let specifier = this.#take('specifier')
    while (specifier !== undefined) {
      written += specifier
      if (this.#peek('.*')) this.#fail('.* goes with == and != and a version of numbers only')
      if (this.#peek('+')) this.#fail('a local version goes with == and != only')
      this.#skipSpace()
      if (!this.#skip(',')) break
      written += ','
      this.#skipSpace()
      specifier = this.#take('specifier')
    }
    this.#skipSpace()
    if (isEnclosed && !this.#skip(')')) this.#fail('the parenthesis of the versions is not closed', open)
    return written
  }

  #afterSemicolon(otherwise: string): Marker {
    if (!this.#skip(';')) this.#fail(otherwise)
    const marker = this.#marker(0)
    this.#skipSpace()
    return marker
  }

  #marker(depth: number): MarkerGroup {
    if (depth > deepestMarker) this.#fail(`the marker has more than ${deepestMarker} levels`)
    const parts: Marker[] = [this.#markerPart(depth)]
    const operators: ('and' | 'or')[] = []
    for (;;) {
      const operator = this.#take('and')
      if (operator === undefined) return { type: 'group', parts, operators }
      operators.push(operator as 'and' | 'or')
      parts.push(this.#markerPart(depth))
    }
  }

  #markerPart(depth: number): Marker {
    this.#skipSpace()
    const open = this.#at
    let part: Marker
    if (this.#skip('(')) {
      this.#skipSpace()
      part = this.#marker(depth + 1)
      this.#skipSpace()
      if (!this.#skip(')')) this.#fail('the parenthesis of the marker is not closed', open)
    } else {
      const left = this.#markerValue()
      this.#skipSpace()
      const operator = this.#markerOperator()
      this.#skipSpace()
      part = markerComparison(left, operator, this.#markerValue())
    }
    this.#skipSpace()
    return part
  }

  #markerValue(): MarkerValue {
    const variable = this.#take('variable')
    if (variable !== undefined) {
      const value = variable.replaceAll('.', '_')
      return { type: 'variable', value: value === 'python_implementation' ? 'platform_python_implementation' : value }
    }
    const start = this.#at
    const quoted = this.#take('quoted') ?? this.#fail('a variable such as python_version or a text in quotes is wanted')
    const value = readPythonString(quoted) ?? this.#fail('Python cannot read this text in quotes', start)
    return { type: 'text', value }
  }

  #markerOperator(): MarkerOperator {
    if (this.#take('in') !== undefined) return 'in'
    if (this.#take('not') !== undefined) {
      if (this.#take('space') === undefined || this.#take('in') === undefined) this.#fail('`in` is wanted behind `not`')
      return 'not in'
    }
    const operator = this.#take('operator') ?? this.#fail('a comparison such as == or `in` is wanted')
    return operator as MarkerOperator
  }

  #take(token: keyof typeof tokens): string | undefined {
    const pattern = tokens[token]
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    return found
  }

  #peek(text: string): boolean {
    return this.#text.startsWith(text, this.#at)
  }

  #skip(text: string): boolean {
    const isThere = this.#peek(text)
    if (isThere) this.#at += text.length
    return isThere
  }

  #skipSpace(): void {
    this.#take('space')
  }

  #isAtEnd(): boolean {
    return this.#at === this.#text.length
  }

  #fail(why: string, at = this.#at): never {
    throw new MlmodelError('REQUIREMENT_INVALID', { text: this.#text, column: at + 1, why }, { where: this.#where })
  }
}
