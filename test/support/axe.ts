/** Whether a page can be used by people who do not see it, or not well, or on a small screen. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };

/** In light and dark, on a desk and on a phone: axe finds nothing serious, and nothing is wider than the screen. */
export async function expectFitForEveryone(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const size of [DESK, PHONE]) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(size);
      const where = `${colorScheme}, ${size.width} px wide`;
      expect(await violationsOf(page), where).toEqual([]);
      const tooWide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect(tooWide, where).toBeLessThanOrEqual(0);
    }
  }
  await page.setViewportSize(DESK);
}

/** The serious and critical ones, each as its rule and the elements it is about. */
async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(`${source}; undefined`);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`));
}
