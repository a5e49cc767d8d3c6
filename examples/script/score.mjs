/**
 * Tells the species of penguins: of two written here, of a file's, and how sure the model is.
 *
 *   node score.mjs [model] [file]
 */
import { openModel } from 'mlmodel'

const [model = '../penguins/model', file = '../penguins/penguins.csv'] = process.argv.slice(2)
const penguins = await openModel(model)

const rows = [
  { island: 'Biscoe', sex: 'male', bill_length_mm: 50, bill_depth_mm: 15.5, flipper_length_mm: 220, body_mass_g: 5000 },
  { island: 'Torgersen', sex: 'female', bill_length_mm: 38.2, bill_depth_mm: 18, flipper_length_mm: 187, body_mass_g: 3400 },
]
for (const { species, probability } of await penguins.predict(rows)) console.log(`${species}, ${Math.round(probability * 100)} %`)

// A file in any format that `mlmodel predict` reads; an output's values as one typed array.
const predictions = await penguins.predict(file)
const { data } = predictions.output('probability')
console.log(`${predictions.length} more in ${file.split('/').at(-1)}, the least sure ${Math.min(...data).toFixed(2)}`)

// What does not fit is an error that says where.
try {
  await penguins.predict([{ ...rows[0], body_mass_g: 5000.5 }])
} catch (error) {
  console.log(`${error.code} in row ${error.where.row}, column ${error.where.column}`)
}

await penguins.close()
