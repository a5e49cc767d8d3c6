/** Requests to the server, with the API key where it asks for one. */
import { find } from './elements.ts'

const stored = 'mlmodel-api-key'
let key = sessionStorage.getItem(stored) ?? undefined

/** Whether the server has asked for a key. */
export function hasKey(): boolean {
  return key !== undefined
}

/**
 * Asks; asks the person for the key when the server wants one, and asks again.
 *
 * @throws TypeError when the server cannot be reached
 */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const headers = new Headers(init.headers)
    if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
    const reply = await fetch(path, { ...init, headers, credentials: 'same-origin', redirect: 'error' })
    if (reply.status !== 401) return reply
    key = await askForKey(key !== undefined)
    sessionStorage.setItem(stored, key)
  }
}

let asking: Promise<string> | undefined

/** One question at a time, however many requests wait for the answer. */
function askForKey(wasWrong: boolean): Promise<string> {
  asking ??= question(wasWrong).finally(() => {
    asking = undefined
  })
  return asking
}

function question(wasWrong: boolean): Promise<string> {
  const [dialog, form, field] = [
    find<HTMLDialogElement>('key-dialog'),
    find<HTMLFormElement>('key-form'),
    find<HTMLInputElement>('key'),
  ]
  const error = find('key-error')
  error.hidden = !wasWrong
  error.textContent = wasWrong ? 'The server does not know this key.' : ''
  field.value = ''
  dialog.showModal()
  field.focus()
  return new Promise((resolve) => {
    const finish = (event: Event): void => {
      event.preventDefault()
      const given = field.value.trim()
      // A header holds no others.
      if (!/^[\x21-\x7e]+$/.test(given)) {
        error.hidden = false
        error.textContent = 'A key has no spaces, and only ASCII characters.'
        return
      }
      form.removeEventListener('submit', finish)
      dialog.removeEventListener('cancel', stay)
      field.value = ''
      dialog.close()
      resolve(given)
    }
    // Without a key there is nothing to see.
    const stay = (event: Event): void => event.preventDefault()
    form.addEventListener('submit', finish)
    dialog.addEventListener('cancel', stay)
  })
}
