/** The page of a running daemon, in a browser: the real daemon and the demo's stand-ins. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { expectFitForEveryone } from '../support/axe.js';
import { DAEMON_GONE, inChromium, openPage, untilLit } from '../support/browser.js';
import { watchedDaemon } from '../support/watched-daemon.js';

const actor = (page: Page, path: string) => page.locator(`[data-actor="${path}"]`);

inChromium('the page of a running daemon', () => {
  it('shows the breaker open, try, and close again, as it happens', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address());
    // The code has done its work, and stays in no history.
    await expect.poll(() => page.evaluate('location.hash')).toBe('');
    expect(await page.locator('#mode').getAttribute('data-mode')).toBe('live');
    await actor(page, 'sinks/discord/breaker').click();
    await untilLit(page, ['closed']);
    daemon.discord.fail({ kind: 'status', status: 503 }, 2);
    // The first probe is never answered: it is out for as long as a request may take.
    daemon.discord.fail({ kind: 'hang' }, 1);
    daemon.mention('hey @bob, are you there?');
    await untilLit(page, ['closed', 'open', 'probing', 'open', 'closed'], 20_000);
    expect(await page.locator('#chart .transition.last').count()).toBe(1);
    expect(await page.locator('#chart .transition.last').getAttribute('data-to')).toBe('closed');
    expect(await actor(page, 'sinks/discord/breaker').getAttribute('data-state')).toBe('closed');
  }, 40_000);

  it('says that the daemon is gone, and shows the next one from its beginning', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address(), {
      allowed: DAEMON_GONE,
    });
    await expect.poll(() => page.locator('#health').textContent()).toBe('healthy');
    const pid = String(daemon.process.child.pid);
    await expect.poll(() => page.locator('#figures-pane').textContent()).toContain(`pid ${pid}`);
    await daemon.killed();
    const link = page.locator('#link');
    await link.waitFor({ state: 'visible' });
    expect(await link.textContent()).toMatch(/\S/);
    await daemon.restarted();
    await link.waitFor({ state: 'hidden', timeout: 20_000 });
    const next = String(daemon.process.child.pid);
    await expect.poll(() => page.locator('#figures-pane').textContent()).toContain(`pid ${next}`);
    await expect.poll(() => actor(page, 'sinks/discord/breaker').getAttribute('data-state')).toBe('closed');
    // Both lives are in the log, one after the other.
    await expect
      .poll(() => page.locator('#log').textContent())
      .toMatch(/Earshot 1\.0\.0 .* actors alive.*Earshot 1\.0\.0 .* actors alive/s);
  }, 40_000);

  it('can be used by everyone, in light and dark and on a phone, well or in trouble', async () => {
    const daemon = await watchedDaemon('{ failures: 1, recovery: 60s }');
    const page = await openPage(await daemon.address());
    await actor(page, 'sinks/discord/breaker').click();
    await untilLit(page, ['closed']);
    await expectFitForEveryone(page);
    daemon.discord.fail({ kind: 'status', status: 503 });
    daemon.mention('hey @bob');
    await untilLit(page, ['open']);
    await expect.poll(() => page.locator('#health').textContent()).toBe('degraded');
    await expectFitForEveryone(page);
  }, 60_000);
});
