/** 500,000 rows × 20 numbers as an Arrow file: see predict-form-floors.ts. `--python PYTHON` compares with Python on the same file. */
import { measureForm } from './predict-form-floors.ts'

await measureForm('arrow')
