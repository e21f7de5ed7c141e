import { describe, expect, it } from 'vitest';
import type { Actor } from '../../visualizations/viewer/actors.js';
import { Glance } from '../../visualizations/viewer/glance.js';

const inState = (state: string): Actor => ({
  life: 1,
  path: 'sinks/discord/breaker',
  machine: 'breaker',
  state,
  context: {},
  since: 0,
  turn: null,
  timers: {},
  isAlive: true,
  isMet: true,
});

/** What is lit, drawn every 100 ms from `now` on until it is the present. */
function drawn(glance: Glance, present: Actor, now: number): string[] {
  const lit: string[] = [];
  do {
    lit.push(glance.at(present, now)?.state ?? '');
    now += 100;
  } while (glance.isBehind);
  return [...lit, glance.at(present, now)?.state ?? ''];
}

describe('a glance at the chart', () => {
  it('lights each state that was passed through for 200 ms, and then the present', () => {
    const glance = new Glance();
    glance.follow('sinks/discord/breaker', inState('open'));
    for (const state of ['halfOpen', 'probing', 'probing', 'closed']) glance.note(inState(state));
    expect(drawn(glance, inState('closed'), 1_000)).toEqual([
      'halfOpen',
      'halfOpen',
      'probing',
      'probing',
      'closed',
      'closed',
    ]);
  });

  it('lights the present at once where nothing was passed', () => {
    const glance = new Glance();
    glance.follow('sinks/discord/breaker', inState('closed'));
    expect(drawn(glance, inState('closed'), 1_000)).toEqual(['closed', 'closed']);
    glance.note(inState('open'));
    expect(drawn(glance, inState('open'), 2_000)).toEqual(['open', 'open']);
  });

  it('stays behind by two seconds at most', () => {
    const glance = new Glance();
    glance.follow('sinks/discord/breaker', inState('closed'));
    for (let turn = 0; turn < 1_000; turn += 1) glance.note(inState(turn % 2 === 0 ? 'open' : 'halfOpen'));
    expect(drawn(glance, inState('halfOpen'), 1_000).length).toBeLessThanOrEqual(20);
  });

  it('forgets what another was in', () => {
    const glance = new Glance();
    glance.follow('sinks/discord/breaker', inState('closed'));
    glance.note(inState('open'));
    glance.note(inState('halfOpen'));
    glance.follow('pool', { ...inState('available'), path: 'pool' });
    expect(glance.at(inState('available'), 1_000)?.state).toBe('available');
  });
});
