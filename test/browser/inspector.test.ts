/** The page that shows Stately's inspector: with the library's own receiver where the hosted page would be. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import type { Frame, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { createActor } from 'xstate';
import { counting } from '../inspect/counting.js';
import { inspected } from '../inspect/daemon.js';
import { inChromium, openPage } from '../support/browser.js';

const HOSTED = 'https://stately.ai/inspect';
/** What the receiver of a browser has no use for. */
const UNUSED = 'data:text/javascript,export default {}; export const stringify = {}; export const uuid = {};';
const HOSTED_PAGE = `<!doctype html><title>Stately</title><link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({
  imports: {
    xstate: '/xstate/dist/xstate.esm.js',
    ...Object.fromEntries(
      [
        'fast-safe-stringify',
        'safe-stable-stringify',
        'isomorphic-ws',
        'partysocket',
        'superjson',
        '#uuid',
      ].map((name) => [name, UNUSED]),
    ),
  },
})}</script>
<script type="module">
import { createBrowserReceiver } from '/@statelyai/inspect/dist/index.mjs';
window.told = [];
createBrowserReceiver().subscribe((event) => window.told.push(event));
</script>`;

/** Plays Stately's site with the files of its library. */
async function hostInspector(page: Page): Promise<void> {
  await page.route('https://stately.ai/**', async (route) => {
    const url = route.request().url();
    if (url === HOSTED) return route.fulfill({ contentType: 'text/html', body: HOSTED_PAGE });
    const file = fileURLToPath(new URL(`../../node_modules${new URL(url).pathname}`, import.meta.url));
    return route.fulfill({ contentType: 'text/javascript', body: await readFile(file, 'utf8') });
  });
}

/** What the frame was told. */
async function told(page: Page): Promise<StatelyInspectionEvent[]> {
  const hosted: Frame | undefined = page.frames().find((frame) => frame.url() === HOSTED);
  return (await hosted?.evaluate<StatelyInspectionEvent[]>('window.told ?? []').catch(() => [])) ?? [];
}

/** Of each actor, how far it has counted. */
async function counts(page: Page): Promise<Record<string, unknown>> {
  const known: Record<string, unknown> = {};
  for (const it of await told(page)) {
    if (it.type === '@xstate.event') continue;
    known[it.sessionId] = (it.snapshot as { context: { count: number } }).context.count;
  }
  return known;
}

inChromium('the page of the inspector', () => {
  it('hands Stately’s inspector how all stands and what happens, and begins afresh with another daemon', async () => {
    const first = await inspected();
    const actor = createActor(counting(null), { id: 'one', inspect: first.recorder.inspect }).start();
    actor.send({ type: 'one.more' });
    const page = await openPage(first.inspector.url, {
      prepare: hostInspector,
      // Its daemon goes, and comes back.
      allowed: /^asked elsewhere: https:\/\/stately\.ai\/|ERR_CONNECTION_REFUSED/,
    });
    await expect.poll(() => counts(page)).toEqual({ 'supervisor:1': 1 });
    expect(await page.locator('#state').textContent()).toBe('');
    actor.send({ type: 'one.more' });
    await expect.poll(() => counts(page)).toEqual({ 'supervisor:1': 2 });

    await first.inspector.close();
    await expect.poll(() => page.locator('#state').textContent()).toMatch(/^Earshot has gone/);
    // How it stood at the end can still be looked at.
    expect(await counts(page)).toEqual({ 'supervisor:1': 2 });

    const second = await inspected({ port: Number(new URL(first.inspector.url).port) });
    for (const id of ['one', 'two'])
      createActor(counting(null), { id, inspect: second.recorder.inspect }).start();
    await expect
      .poll(() => counts(page), { timeout: 10_000 })
      .toEqual({ 'supervisor:1': 0, 'supervisor:2': 0 });
    await expect.poll(() => page.locator('#state').textContent()).toBe('');
  }, 40_000);
});
