/**
 * Chromium, without a window, for tests of pages. It is Debian's; where there is none, these tests are skipped and
 * say so, but not in CI, which must have it.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const MISSING = `Chromium is in none of ${PLACES.join(', ')}; install it: apt-get install chromium`;
/** Nothing of its own goes over the network. */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const LIT_STATES = fileURLToPath(new URL('./lit-states.js', import.meta.url));

/** What the console has to say when a daemon goes while its page is open. */
export const DAEMON_GONE =
  /net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)/;

let browser: Browser | undefined;

/** Tests that need Chromium; one of it for all of them. */
export function inChromium(name: string, tests: () => void): void {
  const executablePath = PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) {
    if (process.env.CI === 'true') describe(name, () => it('has Chromium', () => expect.fail(MISSING)));
    else {
      console.warn(`skipped: ${name}. ${MISSING}`);
      describe.skip(name, tests);
    }
    return;
  }
  describe(name, () => {
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath, args: ARGS });
    }, 60_000);
    afterAll(() => browser?.close());
    tests();
  });
}

export interface OpenPageOptions
  extends Pick<BrowserContextOptions, 'colorScheme' | 'viewport' | 'hasTouch'> {
  /** What the page may complain of: its daemon is killed on purpose, say. */
  readonly allowed?: RegExp;
  /** Done before the address is opened. */
  readonly prepare?: (page: Page) => Promise<void>;
}

/**
 * Opens an address in a browser of its own. When the test ends, the page must have had nothing to complain of: no
 * error on its console, no violation of its policy, no request to anywhere but its own origin.
 */
export async function openPage(url: string, options: OpenPageOptions = {}): Promise<Page> {
  const { allowed, prepare, ...given } = options;
  if (browser === undefined) throw new Error('no Chromium: use inChromium');
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...given });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const troubles: string[] = [];
  const trouble = (text: string) => {
    if (allowed === undefined || !allowed.test(text)) troubles.push(text);
  };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      trouble(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => trouble(`thrown: ${error.message}`));
  page.on('dialog', (dialog) => {
    trouble(`a dialog of the browser: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  const { origin } = new URL(url);
  page.on('request', (request) => {
    const asked = request.url();
    if (!asked.startsWith(`${origin}/`) && !asked.startsWith('data:')) trouble(`asked elsewhere: ${asked}`);
  });
  await page.addInitScript({ path: LIT_STATES });
  onTestFinished(async () => {
    const violations = await page.evaluate<string[]>('window.seen.violations').catch(() => []);
    await context.close();
    expect([...troubles, ...violations]).toEqual([]);
  });
  await prepare?.(page);
  await page.goto(url);
  return page;
}

/** The states that the chart lit, in order, each time that they changed. */
export function litStates(page: Page): Promise<string[]> {
  return page.evaluate<string[]>('window.seen.lit');
}

/**
 * Resolves once the chart has lit these states in this order, whatever came between. Each is a state, or several of
 * which one will do: `halfOpen|probing`.
 */
export async function untilLit(page: Page, states: readonly string[], withinMs = 15_000): Promise<void> {
  // Asked from here: what the page itself would evaluate, its policy refuses.
  await expect
    .poll(async () => foundIn(states, await litStates(page)), { timeout: withinMs, interval: 50 })
    .toEqual(states);
}

/** The states that were wanted, when they are among those lit in their order; else those lit, which tell more. */
function foundIn(states: readonly string[], lit: readonly string[]): readonly string[] {
  let from = 0;
  for (const state of states) {
    const at = lit.findIndex((it, index) => index >= from && state.split('|').includes(it));
    if (at < 0) return lit;
    from = at + 1;
  }
  return states;
}
