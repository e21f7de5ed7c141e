/**
 * The demo, watched in a browser as it tells its story; and the flight recording that its outage leaves: it replays
 * without a divergence and can be stepped through.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { DAEMON_GONE, inChromium, openPage, untilLit } from '../support/browser.js';
import { temporaryFolder } from '../support/daemon.js';
import { earshot } from '../support/watched-daemon.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));

/** A process of `earshot …`, and a way to wait for what it prints. */
function started(...args: string[]) {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  return {
    child,
    exited: once(child, 'exit'),
    said: async (text: RegExp, withinMs = 10_000): Promise<string> => {
      await expect.poll(() => output, { timeout: withinMs, interval: 50 }).toMatch(text);
      return text.exec(output)?.[1] ?? '';
    },
  };
}

inChromium('the demo', () => {
  it('is watched live; its outage is replayed without a divergence, and stepped through', async () => {
    const traces = temporaryFolder();
    const demo = started('demo', '--keep', '--seed', '7', '--trace', traces);
    const address = await demo.said(/watch it in a browser: (\S+)/);
    // The demo ends before its page is closed.
    const page = await openPage(address, { allowed: DAEMON_GONE });
    await page.locator('[data-actor="sinks/discord/breaker"]').click();
    await untilLit(page, ['closed', 'open', 'halfOpen|probing', 'closed'], 30_000);
    await demo.said(/goes on until (Ctrl-C)/, 30_000);
    demo.child.kill('SIGINT');
    // One signal ends it in order, not by force.
    expect(await demo.exited).toEqual([0, null]);
    const file = await demo.said(/earshot replay (\S+) --open/);
    onTestFinished(() => rmSync(dirname(file), { recursive: true, force: true }));
    for (const path of [traces, file]) {
      expect(await earshot('.', 'replay', path)).toMatch(/^\d+ events, \d+ actors, 0 divergences/m);
    }

    const shown = started('replay', file, '--open');
    const recorded = await openPage(await shown.said(/(http:\S+\/#recorded)/));
    const breaker = recorded.locator('[data-actor="sinks/discord/breaker"]');
    await recorded.click('#to-end');
    await breaker.click();
    await recorded.selectOption('#step-by', 'actor');
    await expect.poll(() => breaker.getAttribute('data-state')).toBe('open');
    // Its last change of state in this recording is the one that had it written.
    await recorded.click('#step-back');
    const last = recorded.locator('#chart .transition.last');
    await expect.poll(() => last.getAttribute('data-to')).toBe('open');
    expect(await last.getAttribute('data-from')).toBe('closed');
    await recorded.selectOption('#step-by', 'event');
    await recorded.click('#step-back');
    await expect.poll(() => breaker.getAttribute('data-state')).toBe('closed');
    await expect.poll(() => recorded.locator('#chart [data-state="closed"].lit').count()).toBe(1);
    const exited = shown.exited;
    shown.child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  }, 90_000);
});
