/** A page that is told more than anyone can read stays one that can be used. */
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../../src/control/listening.js';
import { createControl } from '../../src/control/server.js';
import { socketPathOf } from '../../src/control/socket-path.js';
import { realClock } from '../../src/real-world.js';
import { daemonLike, silent } from '../control/daemon-like.js';
import { inChromium, openPage } from '../support/browser.js';
import { temporaryFolder } from '../support/daemon.js';
import { longTrace } from '../support/long-trace.js';

const EVENTS = 15_000;
const CHANNELS = Array.from({ length: 200 }, (_, index) => `channel${index}`);

/** A control whose trace is told by the test. */
async function told() {
  const lines = longTrace({ events: EVENTS, channels: CHANNELS }).trimEnd().split('\n');
  const introduction = lines.slice(0, -EVENTS);
  const listeners = new Set<(line: string) => void>();
  const control = createControl({
    control: { host: '127.0.0.1', port: 0, token: undefined, allowedHosts: [] },
    socketPath: socketPathOf(join(temporaryFolder(), 'earshot.db')),
    commands: daemonLike().commands,
    log: silent,
    clock: realClock,
    listen,
    recorder: {
      introduction: () => introduction,
      listen: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  });
  const { url = '' } = await control.bind();
  onTestFinished(() => control.close());
  return {
    url,
    /** The events, 5,000 a second. */
    async flood() {
      for (const [index, line] of lines.slice(-EVENTS).entries()) {
        for (const listener of listeners) listener(line);
        if (index % 500 === 499) await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
  };
}

inChromium('the page of a daemon in which much happens', () => {
  it('goes on answering, ten drawings a second at most, and ends where the daemon is', async () => {
    const daemon = await told();
    const page = await openPage(daemon.url);
    const breaker = page.locator('[data-actor="sinks/discord/breaker"]');
    await breaker.click();
    // How long the page was busy at a stretch, and how often the log was drawn.
    await page.evaluate(`(() => {
      window.longestMs = 0;
      window.drawings = 0;
      let last = performance.now();
      setInterval(() => {
        const now = performance.now();
        window.longestMs = Math.max(window.longestMs, now - last);
        last = now;
      }, 10);
      let isNoted = false;
      new MutationObserver(() => {
        if (isNoted) return;
        isNoted = true;
        window.drawings += 1;
        queueMicrotask(() => { isNoted = false; });
      }).observe(document.querySelector('#log'), { childList: true, subtree: true, characterData: true });
    })()`);
    const began = performance.now();
    await daemon.flood();
    const tookMs = performance.now() - began;
    await expect.poll(() => page.locator('#log-count').textContent()).toBe('15,001 of 15,001');
    // The breaker turned 150 times: after four it is closed again, and two more lead here.
    await expect.poll(() => breaker.getAttribute('data-state')).toBe('halfOpen');
    expect(await page.evaluate<number>('window.longestMs')).toBeLessThan(2_000);
    expect(await page.evaluate<number>('window.drawings')).toBeLessThan((tookMs / 1_000 + 3) * 12);
    await breaker.click({ timeout: 2_000 });
  }, 60_000);
});
