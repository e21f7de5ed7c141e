/** The page without a mouse: everything is reached, seen to be reached, and done. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { inChromium, openPage, untilLit } from '../support/browser.js';
import { watchedDaemon } from '../support/watched-daemon.js';

/** What has the focus: its id, its path in the tree, or its text; and whether one sees that it has it. */
async function focused(page: Page): Promise<{ name: string; isSeen: boolean }> {
  return page.evaluate(`(() => {
    const it = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(it);
    const isSeen = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
    return { name: it.dataset.actor || it.id || it.textContent.trim(), isSeen };
  })()`);
}

/** Goes on until something of this name has the focus; everything on the way must show that it has it. */
async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let pressed = 0; pressed < 60; pressed += 1) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    passed.push(at.name);
    if (at.name !== 'BODY' && !at.isSeen) expect.fail(`${at.name} has the focus, and nothing shows it`);
    if (at.name === name) return;
  }
  expect.fail(`${name} is not reached; passed ${passed.join(', ')}`);
}

inChromium('the page by keyboard alone', () => {
  it('leads to the breaker, isolates it, and comes back to where one was', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address());
    const breaker = page.locator('[data-actor="sinks/discord/breaker"]');
    await breaker.waitFor();
    await page.keyboard.press('Tab');
    expect((await focused(page)).name).toMatch(/^Skip to/);
    await tabTo(page, 'supervisor');
    for (let pressed = 0; pressed < 40; pressed += 1) {
      if ((await focused(page)).name === 'sinks/discord/breaker') break;
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    expect(await breaker.getAttribute('aria-selected')).toBe('true');
    await untilLit(page, ['closed']);

    await tabTo(page, 'Isolate…');
    await page.keyboard.press('Enter');
    const asking = page.locator('dialog#ask');
    await asking.waitFor({ state: 'visible' });
    // What does nothing comes first.
    expect((await focused(page)).name).toBe('Cancel');
    await page.keyboard.press('Escape');
    await asking.waitFor({ state: 'hidden' });
    expect((await focused(page)).name).toBe('Isolate…');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect((await focused(page)).name).toBe('Isolate');
    await page.keyboard.press('Enter');
    await untilLit(page, ['closed', 'isolated.untilReleased']);
    expect((await daemon.process.status()).sinks[0]?.breaker.state).toBe('isolated');
  }, 60_000);

  it('filters the log, and tells its keys', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address());
    await page.locator('[data-actor="sinks/discord/breaker"]').waitFor();
    daemon.mention('hey @bob');
    await daemon.discord.until(() => daemon.discord.delivered.length === 1);
    await page.keyboard.press('/');
    expect((await focused(page)).name).toBe('filter');
    await page.keyboard.type('delivery');
    await expect.poll(() => page.locator('#log').textContent()).toContain('sinks/discord/delivery');
    await expect.poll(() => page.locator('#log').textContent()).not.toContain('deadline/');
    await tabTo(page, 'log');
    await page.keyboard.press('?');
    const help = page.locator('dialog#help');
    await help.waitFor({ state: 'visible' });
    expect(await help.textContent()).toContain('earshot open');
    await page.keyboard.press('Escape');
    await help.waitFor({ state: 'hidden' });
  }, 60_000);
});
