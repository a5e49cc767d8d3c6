/** Requirements of a model beside the packages that Azure's generated scoring script and its server need. */
import { readEnvironment } from '../../env/index.ts'
import { type Finding, finding } from '../../finding/index.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import type { CheckContext } from '../check.ts'
import { type Interval, intervalOf, isEmpty, narrow, type Requirement, readRequirement } from './requirement.ts'

export interface PlacedRequirement extends Requirement {
  readonly where: { readonly file: string; readonly line: number }
}

/** What the model's files ask for, each package with its version once a file. */
export async function requirementsOf(model: Mlmodel, context: CheckContext): Promise<readonly PlacedRequirement[]> {
  const { dependencies, python } = await readEnvironment(model, context.limits)
  const lines = dependencies.map(({ text, file, line }) => ({ text, file, line }))
  const pythons = python.map(({ text, file, line }) => ({ text: `python${/^\d/.test(text) ? `==${text}` : text}`, file, line }))
  return [...lines, ...pythons].flatMap(({ text, file, line }) => {
    const read = readRequirement(text)
    return read === undefined ? [] : [{ ...read, where: { file, line } }]
  })
}

/** Whether a package may be installed in a version of the interval. */
export function mayBe(requirements: readonly Requirement[], name: string, versions: Interval): boolean {
  return requirements.filter((one) => one.name === name).every(({ allowed }) => !isEmpty(narrow(allowed, versions)))
}

/** azureml-inference-server-http 1.5.1, inference-schema 1.8 and azureml-ai-monitoring 1.0.0, from their metadata. */
const serverNeeds: readonly (readonly [name: string, clauses: readonly string[]])[] = [
  ['python', ['>=3.9']],
  ['flask', ['~=3.1.0']],
  ['flask-cors', ['~=6.0.0']],
  ['gunicorn', ['>=23.0.0']],
  ['inference-schema', ['~=1.8.0']],
  ['opentelemetry-sdk', ['==1.33.0']],
  ['opentelemetry-api', ['==1.33.0']],
  ['pydantic', ['~=2.12.0']],
  ['werkzeug', ['>=3.0.3']],
  ['certifi', ['>=2024.7.4']],
  ['wrapt', ['>=1.14.0', '<=1.16.0']],
  ['pandas', ['>=1.5.2']],
  ['requests', ['>=2.28.1']],
]

const server = 'azureml-inference-server-http'

/** Says which requirements contradict the server, the generated scoring script, or what there is of them. */
export function checkPackages(requirements: readonly PlacedRequirement[]): readonly Finding[] {
  const findings: Finding[] = []
  const once = new Set<string>()
  const report = (
    code: 'AZURE_PACKAGE' | 'AZURE_PACKAGE_OLD_SERVER',
    { name, text, where }: PlacedRequirement,
    needs: string,
  ) => {
    if (once.has(name)) return
    once.add(name)
    findings.push(finding(code, { requirement: text, needs }, where))
  }
  for (const requirement of requirements) {
    const allows = (...clauses: readonly string[]): boolean =>
      !isEmpty(clauses.map(intervalOf).reduce(narrow, requirement.allowed))
    const { name } = requirement
    if (name === server) {
      // Requires inference-schema before 1.7, whose input_schema has no `optional`.
      if (!allows('>=0.8.4')) report('AZURE_PACKAGE', requirement, 'the scoring script needs 0.8.4 or newer')
      else if (!allows('<1.3') && !allows('>=1.4'))
        report('AZURE_PACKAGE', requirement, 'its versions 1.3.0 to 1.3.4 import azureml.contrib, which nothing installs')
    } else if (name === 'azureml-ai-monitoring' && !allows('==1.0.0'))
      report('AZURE_PACKAGE', requirement, 'the only version that was released is 1.0.0')
    else if (name === 'inference-schema' && !allows('>=1.7.1'))
      report('AZURE_PACKAGE', requirement, 'the scoring script needs 1.7.1 or newer (`input_schema` with `optional`)')
  }
  if (mayBe(requirements, server, intervalOf('>=1.5.1'))) {
    for (const [name, clauses] of serverNeeds) {
      const needed = clauses.map(intervalOf).reduce(narrow, {})
      for (const requirement of requirements) {
        if (requirement.name === name && isEmpty(narrow(requirement.allowed, needed)))
          report('AZURE_PACKAGE_OLD_SERVER', requirement, `${server} 1.5.1 needs ${clauses.join(',')}`)
      }
    }
  }
  if (!requirements.some(({ name }) => name === 'azureml-ai-monitoring')) findings.push(finding('AZURE_MONITORING_ABSENT', {}))
  return findings
}
