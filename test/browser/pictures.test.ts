/** The pictures in a browser: inlined under the pages' policy they look as they were drawn, and a page can overrule that. */

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { inChromium, openPage } from '../support/browser.js';

const FOLDER = new URL('../../visualizations/', import.meta.url);
const PICTURES = readdirSync(FOLDER).filter((name) => name.endsWith('.svg'));
/** Stricter than the viewer's. */
const POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:";
const STYLE = `
.state.lit > rect { fill: rgb(255, 220, 120); stroke: rgb(150, 90, 0) }
body.dark .sheet { fill: rgb(13, 17, 23) }
`;

async function pageWith(picture: string): Promise<Page> {
  const svg = readFileSync(new URL(picture, FOLDER), 'utf8');
  const server = createServer((request, response) => {
    const isStyle = request.url === '/page.css';
    response.writeHead(200, {
      'content-security-policy': POLICY,
      'content-type': isStyle ? 'text/css' : 'text/html; charset=utf-8',
    });
    const head =
      '<!doctype html><title>a picture</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css">';
    response.end(isStyle ? STYLE : `${head}<body>${svg}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return openPage(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    viewport: { width: 1800, height: 2000 },
  });
}

inChromium('a picture in a page', () => {
  it.each(PICTURES)(
    '%s has no two texts on each other, as they are rendered with the fonts at hand',
    async (name) => {
      const page = await pageWith(name);
      const boxes = await page.locator('svg text').evaluateAll((texts) =>
        texts.map((text) => {
          const { x, y, width, height } = text.getBoundingClientRect();
          return { text: text.textContent, x, y, width, height };
        }),
      );
      expect(boxes.length).toBeGreaterThan(5);
      const touching = boxes.flatMap((a, index) =>
        boxes
          .slice(index + 1)
          .filter(
            (b) =>
              a.x + 1 < b.x + b.width &&
              b.x + 1 < a.x + a.width &&
              a.y + 3 < b.y + b.height &&
              b.y + 3 < a.y + a.height,
          )
          .map((b) => [a.text, b.text]),
      );
      expect(touching).toEqual([]);
    },
  );

  it('keeps its look under a policy that allows no style of its own, and lights up by the style of the page', async () => {
    const page = await pageWith('breaker.svg');
    const look = (selector: string) =>
      page.locator(selector).evaluate((mark) => {
        const { fill, stroke } = mark.ownerDocument.defaultView.getComputedStyle(mark);
        return { fill, stroke };
      });
    const open = '[data-state="open"] > rect';
    expect(await look(open)).toEqual({ fill: 'rgb(255, 255, 255)', stroke: 'rgb(87, 96, 106)' });
    expect(await look('[data-state="closed"] > rect')).toEqual(await look(open));
    const before = await page.locator('[data-state="open"]').screenshot();
    await page.locator('[data-state="open"]').evaluate((state) => state.classList.add('lit'));
    expect(await look(open)).toEqual({ fill: 'rgb(255, 220, 120)', stroke: 'rgb(150, 90, 0)' });
    expect(await look('[data-state="closed"] > rect')).not.toEqual(await look(open));
    const after = await page.locator('[data-state="open"]').screenshot();
    expect(after.equals(before)).toBe(false);
    await page.locator('body').evaluate((body) => body.classList.add('dark'));
    expect((await look('.sheet')).fill).toBe('rgb(13, 17, 23)');
  });
});
