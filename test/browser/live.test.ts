/** The page of a running daemon, in a browser: the real daemon and the demo's stand-ins. */
import { expect, it } from 'vitest';
import { inChromium, openPage, untilLit } from '../support/browser.js';
import { watchedDaemon } from '../support/watched-daemon.js';

inChromium('the page of a running daemon', () => {
  it('shows the breaker open, try, and close again, as it happens', async () => {
    const daemon = await watchedDaemon();
    const page = await openPage(await daemon.address());
    // The code has done its work, and stays in no history.
    await expect.poll(() => page.evaluate('location.hash')).toBe('');
    expect(await page.locator('#mode').getAttribute('data-mode')).toBe('live');
    const breaker = page.locator('[data-actor="sinks/discord/breaker"]');
    await breaker.click();
    await untilLit(page, ['closed']);
    daemon.discord.fail({ kind: 'status', status: 503 }, 2);
    // The first probe is never answered: it is out for as long as a request may take.
    daemon.discord.fail({ kind: 'hang' }, 1);
    daemon.mention('hey @bob, are you there?');
    await untilLit(page, ['closed', 'open', 'probing', 'open', 'closed'], 20_000);
    expect(await page.locator('#chart .transition.last').count()).toBe(1);
    expect(await page.locator('#chart .transition.last').getAttribute('data-to')).toBe('closed');
    expect(await breaker.getAttribute('data-state')).toBe('closed');
  }, 40_000);
});
