/** What a person may do from the page: each thing asks first, and then the real daemon does it. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { expectFitForEveryone } from '../support/axe.js';
import { DAEMON_GONE, inChromium, openPage, untilLit } from '../support/browser.js';
import { watchedDaemon } from '../support/watched-daemon.js';

const HOSTILE = '<img src="x" onerror="document.title=1"><b>bold</b>';

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Presses a button, and answers the question that comes. */
async function order(page: Page, name: string, answer: string): Promise<void> {
  await button(page, name).click();
  const asking = page.locator('dialog#ask');
  await asking.waitFor({ state: 'visible' });
  await asking.getByRole('button', { name: answer, exact: true }).click();
  await asking.waitFor({ state: 'hidden' });
}

inChromium('acting from the page', () => {
  it('isolates a breaker and releases it, and does nothing when the question is not answered', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address());
    await page.locator('[data-actor="sinks/discord/breaker"]').click();
    await order(page, 'Isolate…', 'Cancel');
    await button(page, 'Isolate…').click();
    await page.keyboard.press('Escape');
    await page.locator('dialog#ask').waitFor({ state: 'hidden' });
    const stateOfBreaker = async () => (await daemon.process.status()).sinks[0]?.breaker.state;
    expect(await stateOfBreaker()).toBe('closed');
    await order(page, 'Isolate…', 'Isolate');
    await untilLit(page, ['closed', 'isolated.untilReleased']);
    expect(await stateOfBreaker()).toBe('isolated');
    daemon.mention('hey @bob, you must wait');
    await daemon.process.until(({ sinks }) => sinks[0]?.pending === 1);
    expect(daemon.discord.delivered).toHaveLength(0);
    await order(page, 'Release…', 'Release');
    await daemon.discord.until(() => daemon.discord.delivered.length === 1);
    await untilLit(page, ['closed', 'isolated.untilReleased', 'closed']);
  }, 40_000);

  it('isolates for as long as it is told, and asks again when that is no time', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address());
    await page.locator('[data-actor="sinks/discord/breaker"]').click();
    await button(page, 'Isolate for…').click();
    const asking = page.locator('dialog#ask');
    await asking.getByRole('textbox').fill('ever');
    await page.keyboard.press('Enter');
    expect(await asking.textContent()).toContain('“ever” is no duration');
    await asking.getByRole('textbox').fill('30m');
    await page.keyboard.press('Enter');
    await untilLit(page, ['closed', 'isolated.forATime']);
    expect(await page.locator('#actor-last').textContent()).toMatch(/after due: in (30|29) min/);
    expect((await daemon.process.status()).sinks[0]?.breaker.state).toBe('isolated');
  }, 40_000);

  it('shows a dead letter as text, whatever stands in it, and tries it again', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address());
    daemon.discord.fail({ kind: 'error', status: 400, code: 50_035, message: HOSTILE }, 1);
    daemon.mention(`hey @bob ${HOSTILE}`);
    await daemon.process.until(({ sinks }) => sinks[0]?.dead === 1);
    await button(page, 'Dead letters…').click();
    const letters = page.locator('dialog#letters');
    await expect.poll(() => letters.textContent()).toContain(`hey @bob ${HOSTILE}`);
    expect(await letters.textContent()).toContain('50035: ');
    expect(await letters.getByRole('heading').textContent()).toBe('1 dead letter');
    expect(await letters.locator('img, b:text("bold")').count()).toBe(0);
    await expectFitForEveryone(page);
    await order(page, 'Retry all…', 'Try again');
    await daemon.discord.until(() => daemon.discord.delivered.length === 1);
    await expect.poll(() => letters.textContent()).toContain('Nothing was given up');
    expect(await page.title()).not.toBe('1');
  }, 60_000);

  it('writes a flight recording, and stops the daemon', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address(), {
      allowed: DAEMON_GONE,
    });
    await order(page, 'Flight recording…', 'Write it');
    await expect.poll(async () => (await daemon.process.status()).trace.blackbox?.reason).toBe('asked');
    const { blackbox } = (await daemon.process.status()).trace;
    await expect.poll(() => page.locator('#notices').textContent()).toContain(blackbox?.file);
    await order(page, 'Stop…', 'Cancel');
    expect((await daemon.process.status()).state).toBe('running');
    await order(page, 'Stop…', 'Stop Earshot');
    expect(await daemon.process.exited).toBe(0);
    await page.locator('#link').waitFor({ state: 'visible' });
  }, 40_000);

  it('ends with the session: another daemon knows nothing of it', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address(), { allowed: /net::ERR_|401/ });
    await page.locator('[data-actor="sinks/discord/breaker"]').click();
    await button(page, 'Isolate…').waitFor();
    await daemon.killed();
    await daemon.restarted();
    await order(page, 'Isolate…', 'Isolate');
    await expect
      .poll(() => page.locator('#session:not([hidden])').innerText())
      .toBe('The session is over. To act from here, type earshot open');
    expect(await button(page, 'Isolate…').count()).toBe(0);
    expect((await daemon.process.status()).sinks[0]?.breaker.state).toBe('closed');
    // A new address in the same tab begins another.
    await page.goto(await daemon.address());
    await order(page, 'Isolate…', 'Isolate');
    await daemon.process.until(({ sinks }) => sinks[0]?.breaker.state === 'isolated');
  }, 60_000);

  it('is refused to a code that was used', async () => {
    const daemon = await watchedDaemon();
    const address = await daemon.address();
    await openPage(address);
    const again = await openPage(address, { allowed: /401/ });
    await expect.poll(() => again.locator('#notices').textContent()).toContain('used already');
    expect(await again.locator('#session:not([hidden])').innerText()).toBe(
      'To act from here, type earshot open',
    );
  }, 40_000);

  it('needs a session even to look, where other machines can ask', async () => {
    const control = "{ port: 0, host: 0.0.0.0, token: 'x0123456789-x0123456789-x0123456789' }";
    const daemon = await watchedDaemon(undefined, control);
    const bare = await openPage(await daemon.bareAddress(), { allowed: /401/ });
    await expect
      .poll(() => bare.locator('#link:not([hidden])').innerText())
      .toContain('shows nothing without a session');
    const page = await openPage(await daemon.address());
    await page.locator('[data-actor="sinks/discord/breaker"]').click();
    await untilLit(page, ['closed']);
    await order(page, 'Isolate…', 'Isolate');
    await untilLit(page, ['closed', 'isolated.untilReleased']);
  }, 60_000);

  it('needs a session, and the page says how to come by one', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.bareAddress());
    await page.locator('[data-actor="sinks/discord/breaker"]').click();
    await untilLit(page, ['closed']);
    await expect
      .poll(() => page.locator('#session:not([hidden])').innerText())
      .toBe('To act from here, type earshot open');
    expect(await page.getByRole('button', { name: /Isolate|Release|Reset|Stop|Flight/ }).count()).toBe(0);
  }, 40_000);
});
