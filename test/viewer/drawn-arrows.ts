/** The arrows of a machine's picture, as the page finds them there. */
import { readFileSync } from 'node:fs';

export function drawnArrows(machine: string) {
  const svg = readFileSync(new URL(`../../visualizations/${machine}.svg`, import.meta.url), 'utf8');
  const arrow = /class="transition" data-from="([^"]*)" data-to="([^"]*)" data-event="([^"]*)"/g;
  return [...svg.matchAll(arrow)].map(([, from = '', to = '', events = '']) => ({
    from,
    to,
    events: events.split(' ').filter(Boolean),
  }));
}
