/** What the pages' policy is worth in a real browser: a page that somebody got markup into. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Pages } from '../../src/control/pages.js';
import { serveRecording } from '../../src/control/recording-server.js';
import { inChromium, openPage } from '../support/browser.js';
import { temporaryFolder } from '../support/daemon.js';

const INJECTED = `<!doctype html><title>Earshot</title><link rel="icon" href="data:,">
<script src="/viewer/own.js" type="module"></script>
<script>document.title = 'inline script ran'</script>
<p style="color: rgb(1, 2, 3)" onclick="document.title = 'handler ran'">text</p>
<img src="http://127.0.0.1:9/pixel.png" onerror="document.title = 'onerror ran'" alt="">
<base href="http://127.0.0.1:9/"><iframe src="/"></iframe>
<form action="http://127.0.0.1:9/"><button>send</button></form>`;

inChromium('the policy of the pages', () => {
  it('runs the package’s own files, and nothing that markup brings with it', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'viewer'));
    writeFileSync(join(folder, 'viewer', 'index.html'), INJECTED);
    writeFileSync(join(folder, 'viewer', 'own.js'), 'document.documentElement.lang = "en";');
    const server = await serveRecording(() => [], new Pages(folder));
    onTestFinished(() => server.close());
    const page = await openPage(server.url, { allowed: /violates the following|^asked elsewhere/ });
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await page.click('p');
    // Not a click of the driver's, which would wait for where the form leads.
    await page.evaluate("document.querySelector('button').click()");
    expect(await page.evaluate('document.title')).toBe('Earshot');
    expect(await page.evaluate('location.href')).toBe(`${server.url}/`);
    const color = "getComputedStyle(document.querySelector('p')).color";
    expect(await page.evaluate(color)).not.toBe('rgb(1, 2, 3)');
    const refused = await page.evaluate<string[]>('window.seen.violations.splice(0)');
    expect([...new Set(refused.map((it) => it.split(':')[0]))].sort()).toEqual([
      'base-uri',
      'form-action',
      'frame-src',
      'img-src',
      'script-src-attr',
      'script-src-elem',
      'style-src-attr',
    ]);
  });
});
