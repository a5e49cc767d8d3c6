/** Opens an address in the user's browser. */
import { spawn } from 'node:child_process'

/** The program that opens an address, with what stands before it; no shell reads the address. */
export function browserCommand(platform: NodeJS.Platform): readonly [string, readonly string[]] {
  if (platform === 'darwin') return ['open', []]
  // `start` is a word of cmd.exe, which would read `&` in an address.
  if (platform === 'win32') return ['rundll32.exe', ['url.dll,FileProtocolHandler']]
  return ['xdg-open', []]
}

/**
 * Starts the browser and does not wait for it.
 *
 * @returns why not, where the program cannot be started
 */
export function openBrowser(url: string, platform: NodeJS.Platform = process.platform): Promise<string | undefined> {
  const [program, before] = browserCommand(platform)
  return new Promise((resolve) => {
    const child = spawn(program, [...before, url], { stdio: 'ignore', detached: true, windowsHide: true })
    child.once('error', () => resolve(`\`${program}\` cannot be started`))
    child.once('spawn', () => {
      child.unref()
      resolve(undefined)
    })
  })
}
