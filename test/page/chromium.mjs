/**
 * The Test page in a real Chromium: `node test/page/run.mjs`. Needs a browser and playwright-core, and is no part of
 * `npm test`. `MLMODEL_PAGE_SHOTS` is a folder for screenshots.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { deflateSync } from 'node:zlib'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const { chromium } = createRequire(import.meta.url)(process.env.MLMODEL_PLAYWRIGHT ?? 'playwright-core')
const program = join(process.env.MLMODEL_UNDER_TEST ?? root, 'bin', 'mlmodel.js')
const shots = process.env.MLMODEL_PAGE_SHOTS
const attack = '<img src=x onerror=alert(1)>'
const run = promisify(execFile)

const work = mkdtempSync(join(tmpdir(), 'mlmodel-page-'))
const models = join(work, 'models')
const key = 'a-key-of-this-test'
/** @type {import('playwright-core').Browser} */
let browser
let server
let guarded
/** Also those of a start that failed. */
const children = []

before(async () => {
  mkdirSync(models)
  cpSync(join(root, 'examples/penguins/model'), join(models, 'penguins'), { recursive: true })
  for (const name of ['echo', 'image']) cpSync(join(root, 'test/fixtures/page', name), join(models, name), { recursive: true })
  // A folder gives a model its name.
  cpSync(join(root, 'test/fixtures/page/hostile'), join(models, attack), { recursive: true })
  writeFileSync(join(work, 'keys'), `${key}\n`)
  ;[server, guarded, browser] = await Promise.all([
    serve([models]),
    serve([join(models, 'penguins'), '--api-key-file', join(work, 'keys')]),
    chromium.launch({ executablePath: process.env.MLMODEL_CHROMIUM, args: ['--no-sandbox'] }),
  ])
})

after(async () => {
  await browser?.close()
  for (const child of children) child.kill()
  rmSync(work, { recursive: true, force: true })
})

/** Starts a server; settles when it listens. */
function serve(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, 'serve', ...args, '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] })
    children.push(child)
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text
      const url = /Serving on (http:\S+)/.exec(said)?.[1]
      if (url !== undefined) resolve({ url })
    })
    child.on('exit', () => reject(new Error(said)))
  })
}

/**
 * Opens the page on a model; afterwards nothing may have been refused by its policy, thrown, or asked by a dialog.
 *
 * @param {(page: import('playwright-core').Page) => Promise<void>} steps
 */
async function onPage(model, options, steps) {
  const { url = server.url, path = '/', shot, ...context } = options
  const opened = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...context })
  const page = await opened.newPage()
  page.setDefaultTimeout(10_000)
  const wrong = []
  page.on('pageerror', (error) => wrong.push(`thrown: ${error.message}`))
  page.on('dialog', (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    // A refused request is written to the console by the browser itself.
    if (message.type() === 'error' && !/the server responded with a status of 4\d\d/.test(message.text()))
      wrong.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:')) wrong.push(`asked ${request.url()}`)
  })
  await page.exposeFunction('tellViolation', (text) => wrong.push(`policy: ${text}`))
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      window.tellViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
    )
  })
  try {
    await page.goto(`${url}${path}${model === undefined ? '' : `#${encodeURIComponent(model)}`}`)
    await steps(page, wrong)
    if (shots !== undefined && shot !== undefined) {
      mkdirSync(shots, { recursive: true })
      await page.screenshot({ path: join(shots, `${shot}.png`), fullPage: true })
    }
    assert.deepEqual(wrong, [])
  } finally {
    await opened.close()
  }
}

const label = (page, name) => page.locator('input, select, textarea').and(page.getByLabel(name, { exact: true }))

async function predict(page) {
  const asked = page.waitForResponse((reply) => reply.request().method() === 'POST')
  await page.getByRole('button', { name: 'Predict' }).click()
  const reply = await asked
  await page.waitForFunction(() => !document.querySelector('#predict').disabled)
  return reply
}

async function drop(page, name, type, bytes) {
  const transfer = await page.evaluateHandle(
    ([fileName, fileType, content]) => {
      const data = new DataTransfer()
      data.items.add(new File([new Uint8Array(content)], fileName, { type: fileType }))
      return data
    },
    [name, type, [...bytes]],
  )
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer })
  assert.ok(await page.locator('#drop').isVisible(), 'the page says where to drop')
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
  assert.ok(await page.locator('#drop').isHidden())
}

const cells = (page) =>
  page
    .locator('#table tbody tr')
    .evaluateAll((rows) => rows.map((row) => [...row.cells].slice(1).map((cell) => cell.textContent)))

/** A PNG of one colour. */
function png(size, [red, green, blue]) {
  const row = Buffer.concat([Buffer.from([0]), ...Array.from({ length: size }, () => Buffer.from([red, green, blue]))])
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  head.set([8, 2], 8)
  const pixels = deflateSync(Buffer.concat(Array.from({ length: size }, () => row)))
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', head),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function crc32(bytes) {
  let sum = ~0
  for (const byte of bytes) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0)
  }
  return ~sum >>> 0
}

const csv = [
  'island,sex,bill_length_mm,bill_depth_mm,flipper_length_mm,body_mass_g',
  'Biscoe,male,49.6,15.0,216,4750',
  'Dream,female,46.2,17.5,187,3650',
  'Dream,male,40.9,18.9,184,3900',
  'Torgersen,female,39.5,17.4,186,3800',
].join('\n')

describe('the form', () => {
  test('is filled with the input example and gives a prediction as table, bar and JSON', async () => {
    await onPage('penguins', { shot: 'form' }, async (page) => {
      await page.getByRole('heading', { name: 'penguins' }).waitFor()
      assert.equal(await label(page, 'island').inputValue(), 'Biscoe')
      assert.equal(await label(page, 'bill_length_mm').inputValue(), '49.6')
      const reply = JSON.parse(await (await predict(page)).text())
      const { species, probability } = reply.predictions[0]
      assert.deepEqual(await cells(page), [[species, String(probability)]])
      assert.match(await page.locator('.bars').innerText(), new RegExp(species))
      assert.match(await page.locator('#status').innerText(), /^1 row in [\d.]+ ms · version 1$/)
      await page.getByRole('tab', { name: 'JSON' }).click()
      assert.deepEqual(JSON.parse(await page.locator('#json').innerText()), reply)
    })
  })

  test('offers what the graph knows, and another row of the example', async () => {
    await onPage('penguins', {}, async (page) => {
      await label(page, 'island').waitFor()
      assert.deepEqual(await label(page, 'island').locator('option').allInnerTexts(), ['Choose…', 'Biscoe', 'Dream', 'Torgersen'])
      await page.locator('#example-row').selectOption('2')
      assert.equal(await label(page, 'bill_length_mm').inputValue(), '40.9')
    })
  })

  test('sends what was typed: large numbers, signs, texts', async () => {
    await onPage('echo', { shot: 'echo' }, async (page) => {
      await label(page, 'large').fill('9007199254740993')
      await label(page, 'small').fill('-7')
      await label(page, 'exact').fill('1e-300')
      await label(page, 'yes').selectOption('false')
      await label(page, 'word').fill('“ä\\"\'<b>')
      assert.equal((await predict(page)).status(), 200)
      assert.deepEqual(await cells(page), [['-7', '9007199254740993', '1e-300', 'false', '“ä\\"\'<b>']])
    })
  })

  test('shows what is wrong beside the field and goes there', async () => {
    await onPage('echo', { shot: 'error' }, async (page) => {
      await label(page, 'small').fill('many')
      await label(page, 'large').fill('')
      await label(page, 'count').fill('x')
      assert.equal((await predict(page)).status(), 400)
      for (const name of ['small', 'large']) {
        const field = label(page, name)
        assert.equal(await field.getAttribute('aria-invalid'), 'true', name)
        const described = (await field.getAttribute('aria-describedby')).split(' ')[0]
        assert.notEqual(await page.locator(`#${described}`).innerText(), '', name)
      }
      assert.equal(await label(page, 'exact').getAttribute('aria-invalid'), null)
      assert.ok(await label(page, 'small').evaluate((field) => field === document.activeElement))
      assert.equal(await page.getByRole('alert').locator('li').count(), 3)
      await page.getByRole('alert').getByRole('button', { name: 'large' }).click()
      assert.ok(await label(page, 'large').evaluate((field) => field === document.activeElement))
      await label(page, 'small').fill('1')
      await label(page, 'large').fill('2')
      assert.equal((await predict(page)).status(), 400)
      assert.equal(await label(page, 'small').getAttribute('aria-invalid'), null)
      assert.equal(await label(page, 'count').getAttribute('aria-invalid'), 'true')
      await label(page, 'weights').fill('[1,')
      await page.getByRole('button', { name: 'Predict' }).click()
      assert.match(await page.locator('#param-1-error').innerText(), /no JSON/)
      await label(page, 'weights').fill('[0.5]')
      await label(page, 'count').fill('9007199254740993')
      assert.equal((await predict(page)).status(), 200)
    })
  })
})

describe('rows', () => {
  test('a dropped CSV is read, scored and drawn', async () => {
    await onPage('penguins', { shot: 'rows' }, async (page) => {
      await label(page, 'island').waitFor()
      await drop(page, 'rows.csv', 'text/csv', Buffer.from(csv))
      await page.getByText('CSV: 4 rows below the header').waitFor()
      const reply = JSON.parse(await (await predict(page)).text())
      assert.equal((await cells(page)).length, 4)
      assert.match(await page.getByRole('img', { name: /^probability: 4 values from/ }).getAttribute('aria-label'), /4 values/)
      assert.deepEqual(
        (await cells(page)).map(([species]) => species),
        reply.predictions.map(({ species }) => species),
      )
    })
  })

  test('pasted JSON, JSON Lines and whole requests are told apart', async () => {
    await onPage('penguins', {}, async (page) => {
      await page.getByRole('tab', { name: 'Rows' }).click()
      const [names, ...lines] = csv.split('\n').map((line) => line.split(','))
      const records = lines.map((line) =>
        Object.fromEntries(line.map((value, index) => [names[index], index < 2 ? value : Number(value)])),
      )
      const texts = {
        '4 rows of JSON': JSON.stringify(records),
        '2 rows of JSON': records
          .slice(0, 2)
          .map((record) => JSON.stringify(record))
          .join('\n'),
        '1 row of JSON': JSON.stringify(records[0]),
        'A request with 3 rows': JSON.stringify({ dataframe_records: records.slice(0, 3) }),
      }
      for (const [said, text] of Object.entries(texts)) {
        await page.locator('#rows').fill(text)
        await page.locator('#rows-said', { hasText: said }).waitFor()
        assert.equal((await predict(page)).status(), 200, said)
        assert.equal((await cells(page)).length, Number(/\d/.exec(said)[0]))
      }
    })
  })

  test('a refusal names row and column beside the rows', async () => {
    await onPage('penguins', {}, async (page) => {
      await label(page, 'island').waitFor()
      await drop(page, 'rows.csv', 'text/csv', Buffer.from(csv.replace('17.5', 'deep')))
      await page.getByText('CSV: 4 rows').waitFor()
      assert.equal((await predict(page)).status(), 400)
      assert.match(await page.locator('#rows-error').innerText(), /^row 2: bill_depth_mm: /)
      assert.equal(await page.locator('#rows').getAttribute('aria-invalid'), 'true')
    })
  })

  test('a file that is chosen', async () => {
    await onPage('penguins', {}, async (page) => {
      await page.getByRole('tab', { name: 'Rows' }).click()
      await page.locator('#rows-file').setInputFiles({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
      await page.getByText('CSV: 4 rows').waitFor()
      assert.equal((await predict(page)).status(), 200)
    })
  })
})

describe('images', () => {
  test('a dropped image becomes the tensor, scaled as wanted', async () => {
    await onPage('image', { shot: 'image' }, async (page) => {
      await label(page, 'image').waitFor()
      await drop(page, 'red.png', 'image/png', png(20, [255, 0, 51]))
      await page.getByText('red.png, 8 × 8 pixels').waitFor()
      const mean = async () => JSON.parse(await (await predict(page)).text()).predictions.mean[0]
      assert.deepEqual(
        (await mean()).map((value) => Math.round(value * 1000) / 1000),
        [1, 0, 0.2],
      )
      await page.locator('#input-0-scale').selectOption('byte')
      assert.deepEqual((await mean()).map(Math.round), [255, 0, 51])
      assert.match(await page.locator('#chart').innerText(), /mean: 3 values/)
    })
  })

  test('a model without image tensors says so', async () => {
    await onPage('penguins', {}, async (page) => {
      await label(page, 'island').waitFor()
      await drop(page, 'red.png', 'image/png', png(8, [255, 0, 0]))
      await page.getByText('This model takes no image').waitFor()
    })
  })

  test('what is no image is refused', async () => {
    await onPage('image', {}, async (page) => {
      await label(page, 'image').waitFor()
      await drop(page, 'red.png', 'image/png', Buffer.from('no image'))
      await page.getByText('red.png is no image that this browser can read.').waitFor()
    })
  })
})

describe('the same request', () => {
  test('curl, Python and TypeScript give the same reply', async (t) => {
    await onPage('echo', {}, async (page) => {
      await label(page, 'large').fill('9007199254740993')
      await label(page, 'word').fill('it\'s "$HOME" `id` \\n \u2028 ü')
      await label(page, 'count').fill('3')
      const reply = await (await predict(page)).text()
      const programs = {
        curl: (code) => run('sh', ['-c', code.replace('curl ', 'curl -s ')]),
        Python: (code) => run('python3', ['-c', code]),
        TypeScript: (code) => run(process.execPath, ['--input-type=module', '-e', code.replace('reply.status, ', '')]),
      }
      for (const [name, execute] of Object.entries(programs)) {
        await page.getByRole('tab', { name }).click()
        const code = await page.locator('#code').textContent()
        const result = await execute(code).catch((error) => {
          if (error.code === 'ENOENT') return undefined
          throw error
        })
        if (result === undefined) t.diagnostic(`${name} is not installed: skipped`)
        else assert.equal(result.stdout.trim(), reply, name)
      }
    })
  })

  test('is copied', async () => {
    await onPage('penguins', { permissions: ['clipboard-read', 'clipboard-write'] }, async (page) => {
      await page.locator('#code', { hasText: 'curl' }).waitFor()
      await page.locator('#copy-code').click()
      await page.getByRole('button', { name: 'Copied' }).waitFor()
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await page.locator('#code').textContent())
    })
  })
})

describe('everybody', () => {
  test('the keyboard alone is enough', async () => {
    await onPage('penguins', {}, async (page) => {
      await label(page, 'island').waitFor()
      await page.keyboard.press('Tab')
      assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the input')
      await page.keyboard.press('Enter')
      const order = []
      for (let steps = 0; steps < 12; steps++) {
        await page.keyboard.press('Tab')
        const at = await page.evaluate(() => {
          const { id, textContent } = document.activeElement
          const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement)
          return { name: id === '' ? textContent : id, seen: outlineStyle !== 'none' && outlineWidth !== '0px' }
        })
        assert.ok(at.seen, `the focus of ${at.name} is seen`)
        order.push(at.name)
      }
      const fields = ['input-0', 'input-1', 'input-2', 'input-3', 'input-4', 'input-5']
      assert.deepEqual(order, ['tab-form', 'example-row', ...fields, 'predict', 'reset', 'tab-curl', 'copy-code'])
      await page.locator('#tab-form').focus()
      await page.keyboard.press('ArrowRight')
      assert.ok(await page.locator('#rows').isVisible())
      assert.equal(await page.evaluate(() => document.activeElement.id), 'tab-rows')
      await page.keyboard.press('ArrowLeft')
      await label(page, 'bill_length_mm').focus()
      await page.keyboard.press('ControlOrMeta+Enter')
      await page.locator('#table tbody tr').waitFor()
    })
  })

  test('every field has a name, every reference an element', async () => {
    for (const model of ['penguins', 'echo', 'image', attack]) {
      await onPage(model, {}, async (page) => {
        await page.locator('#input-0').waitFor()
        const wrong = await page.evaluate(() => {
          const found = []
          for (const field of document.querySelectorAll('input, select, textarea'))
            if (![...field.labels].some(({ textContent }) => textContent.trim() !== '')) found.push(`${field.id} has no label`)
          for (const name of ['aria-describedby', 'aria-labelledby', 'aria-controls', 'for', 'list'])
            for (const element of document.querySelectorAll(`[${name}]`))
              for (const id of element.getAttribute(name).split(' '))
                if (document.getElementById(id) === null) found.push(`${name} ${id}`)
          const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
          for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`two #${id}`)
          for (const tab of document.querySelectorAll('[role=tab]'))
            if (!['true', 'false'].includes(tab.getAttribute('aria-selected'))) found.push(`${tab.id} is not said to be chosen`)
          for (const list of document.querySelectorAll('[role=tablist]'))
            if (!list.hasAttribute('aria-label')) found.push('a tablist')
          for (const status of ['status', 'told'])
            if (document.getElementById(status).getAttribute('role') !== 'status') found.push(status)
          return found
        })
        assert.deepEqual(wrong, [])
      })
    }
  })

  for (const colorScheme of ['light', 'dark']) {
    test(`${colorScheme}: every text is readable`, async () => {
      await onPage('echo', { colorScheme, shot: colorScheme }, async (page) => {
        await label(page, 'small').fill('many')
        await page.getByText('Signature and metadata').click()
        await predict(page)
        const { ground, faint } = await page.evaluate(contrasts)
        assert.equal(ground > 0.5, colorScheme === 'light')
        assert.deepEqual(faint, [])
      })
      await onPage('penguins', { colorScheme, shot: `${colorScheme}-result` }, async (page) => {
        await label(page, 'island').waitFor()
        await predict(page)
        assert.deepEqual((await page.evaluate(contrasts)).faint, [])
      })
    })
  }

  for (const width of [320, 390]) {
    test(`a phone of ${width} pixels shows all without scrolling sideways`, async () => {
      for (const model of ['penguins', 'echo', 'image', attack]) {
        const options = {
          viewport: { width, height: 740 },
          isMobile: true,
          hasTouch: true,
          shot: `phone-${width}-${model.replace(/\W/g, '')}`,
        }
        await onPage(model, options, async (page) => {
          await page.locator('#input-0').waitFor()
          await page.getByText('Signature and metadata').tap()
          await predict(page)
          const { wide, small } = await page.evaluate(() => ({
            wide: document.documentElement.scrollWidth - innerWidth,
            // WCAG 2.2, 2.5.8.
            small: [...document.querySelectorAll('button, select, input:not(.file), textarea, .button')]
              .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 20)
              .map(({ id, textContent }) => id || textContent),
          }))
          assert.deepEqual({ model, wide: Math.max(0, wide), small }, { model, wide: 0, small: [] })
        })
      }
    })
  }
})

/** Runs in the page: the brightness of the ground, and the texts with less contrast than WCAG's AA. */
function contrasts() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const colour = (text) => {
    canvas.clearRect(0, 0, 1, 1)
    canvas.fillStyle = text
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const brightness = ([red, green, blue]) => {
    const linear = [red, green, blue].map((value) =>
      value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
  }
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor)
      if (found[3] === 255) return found
    }
    return [255, 255, 255, 255]
  }
  const faint = []
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
    if (!own || !element.checkVisibility() || element.closest('option, .visually-hidden, .skip, svg') !== null) continue
    const [text, ground] = [brightness(colour(getComputedStyle(element).color)), brightness(behind(element))]
    const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05)
    if (ratio < 4.5) faint.push(`${element.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`)
  }
  return { ground: brightness(colour(getComputedStyle(document.body).backgroundColor)), faint }
}

describe('hostile models', () => {
  test('names, metadata, params, predictions and errors are text', async () => {
    await onPage(attack, { shot: 'hostile' }, async (page) => {
      await page.getByRole('heading', { name: attack }).waitFor()
      await page.getByText('Signature and metadata').click()
      const text = await page.locator('main').innerText()
      for (const part of [attack, '"><script>alert(2)</script>', 'javascript:alert(5)', '{{7*7}}', '__proto__', 'a\\u202eb'])
        assert.ok(text.includes(part), part)
      for (const name of await page.locator('#fields input').all()) await name.fill(attack)
      await predict(page)
      assert.deepEqual(await cells(page), [[attack, attack]])
      await page.getByRole('tab', { name: 'Rows' }).click()
      await page.locator('#rows').fill(JSON.stringify([{ [attack]: { [attack]: attack } }]))
      assert.equal((await predict(page)).status(), 400)
      assert.match(await page.getByRole('alert').innerText(), /onfocus='alert/)
      // Nothing but what the page itself makes.
      assert.equal(
        await page.locator('img[src="x"], main script, [onerror], [onfocus], [autofocus], a[href^="javascript:"]').count(),
        0,
      )
      assert.equal(await page.evaluate(() => ({}).x), undefined)
      await page.waitForTimeout(200)
    })
  })

  test('the policy is in force: no HTML from texts, no inline script', async () => {
    await onPage('penguins', {}, async (page, wrong) => {
      await label(page, 'island').waitFor()
      const refused = await page.evaluate(() => {
        const tries = [
          () => {
            document.body.innerHTML = '<p>'
          },
          () => document.createElement('script').setAttribute('src', 'data:text/javascript,alert(1)'),
        ]
        return tries.map((attempt) => {
          try {
            attempt()
            return 'done'
          } catch (error) {
            return error.constructor.name
          }
        })
      })
      assert.deepEqual(refused, ['TypeError', 'TypeError'])
      await page.waitForTimeout(100)
      assert.ok(wrong.length > 0, 'a violation would be seen by these tests')
      wrong.length = 0
    })
  })
})

describe('several models, and keys', () => {
  test('another model is chosen, and has an address', async () => {
    await onPage(undefined, {}, async (page) => {
      await page.locator('#model option').first().waitFor({ state: 'attached' })
      assert.deepEqual((await page.locator('#model option').allInnerTexts()).sort(), [attack, 'echo', 'image', 'penguins'])
      await label(page, 'Model').selectOption('echo')
      await page.getByRole('heading', { name: 'echo' }).waitFor()
      assert.match(page.url(), /#echo$/)
      assert.match(await page.locator('#code').textContent(), /\/invocations\/echo'/)
    })
  })

  test('a model that does not exist is the first', async () => {
    await onPage('%', { path: '/test' }, async (page) => {
      await page.getByRole('heading', { name: attack }).waitFor()
    })
  })

  test('the page asks for the key, keeps it for the tab, and does not show it', async () => {
    await onPage(undefined, { url: guarded.url, shot: 'key' }, async (page) => {
      await page.getByRole('dialog').waitFor()
      assert.equal(await page.getByRole('heading', { name: 'model' }).count(), 0)
      await label(page, 'API key').fill('wrong')
      await page.keyboard.press('Enter')
      await page.getByText('The server does not know this key.').waitFor()
      await page.keyboard.press('Escape')
      assert.ok(await page.getByRole('dialog').isVisible())
      await label(page, 'API key').fill(key)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'model' }).waitFor()
      assert.equal((await predict(page)).status(), 200)
      const code = await page.locator('#code').textContent()
      assert.match(code, /Authorization: Bearer \$MLMODEL_API_KEY/)
      assert.ok(!(await page.content()).includes(key))
      await page.reload()
      await page.getByRole('heading', { name: 'model' }).waitFor()
    })
  })
})
