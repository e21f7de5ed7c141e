/**
 * Makes the README's pictures of the viewer from the demo: its outage as it happens, and recorded. Made anew by hand
 * where the page changed; no two runs give the same bytes. Writes to visualizations/screenshots/, or to the folder
 * given; `--dark` shows the other palette.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const CLI = fileURLToPath(new URL('../dist/src/cli.js', import.meta.url));
const BREAKER = '[data-actor="sinks/discord/breaker"]';
const { values, positionals } = parseArgs({
  options: { dark: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [folder = fileURLToPath(new URL('../visualizations/screenshots', import.meta.url))] = positionals;
const traces = mkdtempSync(join(tmpdir(), 'earshot-screenshots-'));
mkdirSync(folder, { recursive: true });

/** A process of `earshot …`; resolves what it prints to the first match of a pattern. */
function earshot(...args) {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(child, 'exit');
  const said = async (pattern) => {
    while (!pattern.test(output)) {
      if (child.exitCode !== null) throw new Error(`earshot ${args.join(' ')} said:\n${output}`);
      await Promise.race([once(child.stdout, 'data'), ended]);
    }
    return pattern.exec(output)[1];
  };
  return { child, ended, said };
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--disable-gpu'] });
const page = await browser.newPage({
  viewport: { width: 1200, height: 760 },
  colorScheme: values.dark ? 'dark' : 'light',
});
try {
  const demo = earshot('demo', '--seed', '7', '--trace', traces);
  await page.goto(await demo.said(/watch it in a browser: (\S+)/));
  await page.click(BREAKER);
  // The picture is of the statechart, and gets the room.
  await page.click('#context-box summary');
  await page.waitForSelector('#chart [data-state="open"].lit', { timeout: 60_000 });
  await page.waitForSelector('#health[data-condition="trouble"]');
  await page.screenshot({ path: join(folder, 'live.png') });
  await demo.ended;

  const shown = earshot('replay', traces, '--open');
  await page.goto(await shown.said(/(http:\S+)/));
  // At the very beginning nobody lives yet.
  await page.click('#to-end');
  await page.click(BREAKER);
  await page.click('#context-box summary');
  await page.selectOption('#step-by', 'actor');
  await page.click('#to-start');
  const opened = page.locator(`${BREAKER}[data-state="open"]`);
  while ((await opened.count()) === 0) {
    await page.click('#step-forward');
    // It is drawn ten times a second.
    await page.waitForTimeout(150);
  }
  await page.screenshot({ path: join(folder, 'recorded.png') });
  shown.child.kill('SIGINT');
  await shown.ended;
} finally {
  await browser.close();
  rmSync(traces, { recursive: true, force: true });
}
