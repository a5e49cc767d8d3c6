/** What is known of a model without running it: one plain object, for `inspect` and for whoever shows a model. */
export type {
  ArtifactDescription,
  Description,
  EnvironmentDescription,
  FileDescription,
  FlavorDescription,
  ModelDescription,
  OnnxDescription,
  Plain,
} from './describe/description.ts'
export { type DescribeOptions, describeLocation } from './describe/location.ts'
export { type DescribeParts, describeModel } from './describe/model.ts'
