/** A recording opened in a browser: from `earshot replay --open`, from a file, and dropped on the page. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { serveRecording } from '../../src/control/recording-server.js';
import { traceFiles } from '../../src/trace/files.js';
import { expectFitForEveryone } from '../support/axe.js';
import { inChromium, openPage, untilLit } from '../support/browser.js';
import { temporaryFolder } from '../support/daemon.js';
import { longTrace, spoken } from '../support/long-trace.js';

const BREAKER = 'sinks/discord/breaker';
/** Without a slash: as a name it stays one branch of the tree. */
const HOSTILE = '<img src="x" onerror="document.title=1"><b>bold';
const SHORT = longTrace({ events: 450, channels: ['one', 'two'] });
/** Entries of the recording up to the breaker's opening: those met are the first. */
const OPENED_AT = 100;

async function shown(text: string): Promise<string> {
  const file = join(temporaryFolder(), 'trace.ndjson');
  writeFileSync(file, text);
  const server = await serveRecording(() => traceFiles(file));
  onTestFinished(() => server.close());
  return server.url;
}

const actor = (page: Page, path = BREAKER) => page.locator(`[data-actor="${path}"]`);
const mode = (page: Page) => page.locator('#mode').getAttribute('data-mode');

/** Chooses the breaker, and goes back from the end to the moment at which it first opened. */
async function expectSteppedBackToTheOpening(page: Page): Promise<void> {
  await expect.poll(() => mode(page)).toBe('recorded');
  await actor(page).click();
  const slider = page.locator('#slider');
  expect(Number(await slider.getAttribute('max'))).toBe(450);
  await slider.fill(String(OPENED_AT + 2));
  await expect.poll(() => actor(page).getAttribute('data-state')).toBe('open');
  await page.locator('#step-back').click();
  await page.locator('#step-back').click();
  expect(await slider.inputValue()).toBe(String(OPENED_AT));
  await expect.poll(() => actor(page).getAttribute('data-state')).toBe('open');
  const last = page.locator('#chart .transition.last');
  await expect.poll(() => last.getAttribute('data-from')).toBe('closed');
  expect(await last.getAttribute('data-to')).toBe('open');
  await page.locator('#step-back').click();
  await expect.poll(() => actor(page).getAttribute('data-state')).toBe('closed');
  await expect.poll(() => page.locator('#chart [data-state="closed"].lit').count()).toBe(1);
  await page.locator('#step-forward').click();
  await expect.poll(() => page.locator('#chart [data-state="open"].lit').count()).toBe(1);
}

inChromium('the page of a recording', () => {
  it('is stepped back to the moment at which the breaker opened', async () => {
    const page = await openPage(`${await shown(SHORT)}/#recorded`);
    await expectSteppedBackToTheOpening(page);
    expect(await page.locator(`#timeline [data-lane="${BREAKER}"]`).count()).toBe(1);
    await expectFitForEveryone(page);
  }, 40_000);

  it('opens a file that is chosen, and one that is dropped', async () => {
    const url = await shown(longTrace({ events: 5, channels: ['other'] }));
    const page = await openPage(`${url}/#recorded`);
    await expect.poll(() => mode(page)).toBe('recorded');
    const file = { name: 'outage.ndjson', mimeType: 'application/x-ndjson', buffer: Buffer.from(SHORT) };
    await page.locator('#trace-file').setInputFiles(file);
    await actor(page).waitFor();
    await expect.poll(() => page.locator('#facts').textContent()).toContain('outage.ndjson');
    await expectSteppedBackToTheOpening(page);

    const again = await openPage(`${url}/#recorded`);
    await expect.poll(() => mode(again)).toBe('recorded');
    const dropped = await again.evaluateHandle(
      `(() => { const it = new DataTransfer(); it.items.add(new File([${JSON.stringify(SHORT)}], 'dropped.ndjson')); return it; })()`,
    );
    await again.dispatchEvent('#panes', 'dragenter', { dataTransfer: dropped });
    await again.dispatchEvent('#panes', 'drop', { dataTransfer: dropped });
    await expect.poll(() => again.locator('#facts').textContent()).toContain('dropped.ndjson');
    await expectSteppedBackToTheOpening(again);
  }, 60_000);

  it('is stepped through by keyboard alone', async () => {
    const page = await openPage(`${await shown(SHORT)}/#recorded`);
    await expect.poll(() => mode(page)).toBe('recorded');
    const focused = () => page.evaluate<string>('document.activeElement?.id');
    for (let pressed = 0; pressed < 60 && (await focused()) !== 'slider'; pressed += 1) {
      await page.keyboard.press('Tab');
    }
    expect(await focused()).toBe('slider');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('#slider').inputValue()).toBe('1');
    await page.keyboard.press('End');
    expect(await page.locator('#slider').inputValue()).toBe('450');
  }, 40_000);

  it('says what a file is that is no trace, and goes on showing what it showed', async () => {
    const page = await openPage(`${await shown(SHORT)}/#recorded`);
    await actor(page).waitFor();
    const letter = {
      name: 'letter.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from(`Dear Bob ${HOSTILE}\n`),
    };
    await page.locator('#trace-file').setInputFiles(letter);
    await expect.poll(() => page.locator('#notices').textContent()).toMatch(/no (line of a )?trace/);
    expect(await page.locator('#notices img').count()).toBe(0);
    expect(await actor(page).count()).toBe(1);
  }, 40_000);

  it('takes what stands in a trace as text', async () => {
    const text = longTrace({ events: 450, channels: [HOSTILE, 'two'], error: HOSTILE });
    const page = await openPage(`${await shown(text)}/#recorded`);
    await actor(page).click();
    await page.locator('#slider').fill('300');
    await expect.poll(() => page.locator('#context').textContent()).toContain(HOSTILE);
    await page.getByRole('treeitem').filter({ hasText: HOSTILE }).click();
    await expect.poll(() => page.locator('#actor-title').textContent()).toContain(HOSTILE);
    expect(await page.locator('main img, main b:text("bold")').count()).toBe(0);
    expect(await page.title()).not.toBe('1');
  }, 40_000);

  it('shows what was said at its moment, as text, found by its words', async () => {
    const text = spoken(SHORT, {
      after: OPENED_AT,
      channel: HOSTILE,
      username: HOSTILE,
      text: `${HOSTILE} @bob`,
    });
    const page = await openPage(`${await shown(text)}/#recorded`);
    await actor(page).click();
    await page.locator('#filter').fill('onerror @bob');
    const said = page.locator('#log [data-kind="message"]');
    await expect.poll(() => page.locator('#log-count').textContent()).toBe('1 of 452');
    await expect.poll(() => said.locator('.said').textContent()).toBe(`${HOSTILE}: ${HOSTILE} @bob`);
    expect(await said.locator('.path').textContent()).toBe(HOSTILE);
    await said.click();
    expect(await page.locator('#slider').inputValue()).toBe(String(OPENED_AT + 1));
    await expect.poll(() => actor(page).getAttribute('data-state')).toBe('open');
    expect(await page.locator('#entry').textContent()).toContain(`said in ${HOSTILE}`);
    expect(await page.locator('main img, main b b').count()).toBe(0);
    expect(await page.title()).not.toBe('1');
    expect(await page.locator('#timeline [data-lane=""]').count()).toBe(0);
    await expectFitForEveryone(page);
    await page.locator('#filter').fill('');
    await page.locator('#step-back').click();
    expect(await page.locator('#slider').inputValue()).toBe(String(OPENED_AT));
  }, 40_000);

  it('shows 20,000 events of 200 actors without lag', async () => {
    const channels = Array.from({ length: 200 }, (_, index) => `channel${index}`);
    const url = await shown(longTrace({ events: 20_000, channels }));
    const began = performance.now();
    const page = await openPage(`${url}/#recorded`);
    await actor(page).waitFor();
    expect(performance.now() - began).toBeLessThan(10_000);
    await actor(page).click();
    await untilLit(page, ['closed']);
    // Jumps all over it, each timed in the page from the slider's move to the end of the drawing that follows.
    const jumps = await page.evaluate<number[]>(`(async () => {
      const slider = document.querySelector('#slider');
      const took = [];
      for (const index of [19_999, 3, 10_000, 15_050, 250, 19_000]) {
        const from = performance.now();
        slider.value = String(index);
        slider.dispatchEvent(new Event('input', { bubbles: true }));
        await new Promise((resolve) => setTimeout(resolve, 150));
        await new Promise(requestAnimationFrame);
        took.push(performance.now() - from);
      }
      return took;
    })()`);
    for (const took of jumps) expect(took).toBeLessThan(1_000);
    // 190 turns: four lead round to closed again, and two more here.
    await expect.poll(() => actor(page).getAttribute('data-state')).toBe('halfOpen');
  }, 60_000);
});
