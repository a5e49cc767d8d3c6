/** A place as a sentence names it. */
import { show } from '../show.ts'
import type { Where } from './define.ts'

/** `file:line`, or `file, row 17, column `age``; empty when nothing is known. */
export function placeText(where: Where): string {
  const parts: string[] = []
  const line =
    where.line === undefined
      ? ''
      : `${where.line}${where.row === undefined && typeof where.column === 'number' ? `:${where.column}` : ''}`
  if (where.file !== undefined) parts.push(show(where.file) + (line === '' ? '' : `:${line}`))
  else if (line !== '') parts.push(`line ${line}`)
  if (where.row !== undefined) parts.push(`row ${where.row}`)
  if (where.column !== undefined && (typeof where.column === 'string' || where.row !== undefined || where.line === undefined)) {
    parts.push(`column ${typeof where.column === 'string' ? `\`${show(where.column)}\`` : where.column}`)
  }
  if (where.path !== undefined) parts.push(show(where.path))
  if (where.byte !== undefined) parts.push(`byte ${where.byte}`)
  return parts.join(', ')
}
