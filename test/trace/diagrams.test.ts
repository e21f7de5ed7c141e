import { describe, expect, it } from 'vitest';
import type { EventObject } from 'xstate';
import { breakerMachine } from '../../machines/breaker.js';
import { ActorPath } from '../../src/trace/actor-path.js';
import { mermaidText } from '../../src/trace/mermaid-text.js';
import { replay } from '../../src/trace/replay.js';
import { TurnsDiagram } from '../../src/trace/turns-diagram.js';
import { BREAKER, BREAKER_PATH, breakerRun, named, recorded } from './recorded.js';

function drawn(text: string) {
  const path = new ActorPath();
  const turns = new TurnsDiagram();
  expect(replay(text, { observers: [path, turns] }).divergence).toBeUndefined();
  return { path, turns };
}

describe('the path of an actor', () => {
  it('has its states, how long it was in each, and each way with how often it was taken', () => {
    const { path } = drawn(breakerRun().text());
    expect(path.isOfOne).toBe(true);
    expect(path.mermaid()).toBe(`---
title: "${BREAKER_PATH}"
---
stateDiagram-v2
  state "closed, 0.1 s" as closed
  state "open, 1 s" as open
  state "halfOpen, 0.2 s" as halfOpen
  state "probing, 0 s" as probing
  [*] --> closed
  closed --> open : call.failed
  open --> halfOpen : after due
  halfOpen --> probing : probe.started
  probing --> closed : call.succeeded
`);
  });

  it('goes on over segments, ends where the actor does, and counts', () => {
    const { lines, recorder, report, actor, clock, send } = breakerRun();
    const first = named(lines);
    const introduction = recorder.introduction();
    lines.splice(0);
    report('call.failed');
    report('call.failed');
    send({ type: 'breaker.isolated', ...{ at: clock.now(), forMs: 50 } } as EventObject);
    actor.stop();
    const diagram = drawn([...first, ...named([...introduction, ...lines])].join('\n')).path.mermaid();
    expect(diagram).toContain('  [*] --> closed\n');
    expect(diagram).toContain('closed --> open : call.failed ×2\n');
    expect(diagram).toContain('open --> isolated_forATime : breaker.isolated\n');
    expect(diagram).toContain('state "isolated.forATime, ');
    expect(diagram).toContain('isolated_forATime --> [*]\n');
  });

  it("is nobody's when there are several", () => {
    const { lines, recorder } = recorded(breakerMachine, BREAKER);
    const other = lines.at(-1)?.replace('"life":1', '"life":2').replace('"seq":1', '"seq":2');
    expect(drawn([...named(lines), other].join('\n')).path.isOfOne).toBe(false);
    expect(drawn(recorder.introduction()[0] ?? '').path.isOfOne).toBe(false);
  });
});

describe('who turned when', () => {
  it('is a column for each actor and a note for each change of state', () => {
    expect(drawn(breakerRun().text()).turns.mermaid()).toBe(`sequenceDiagram
  participant a1 as ${BREAKER_PATH}
  Note over a1: 0.1 s: closed → open<br/>call.failed
  Note over a1: 1.1 s: open → halfOpen<br/>after due
  Note over a1: 1.3 s: halfOpen → probing<br/>probe.started
  Note over a1: 1.3 s: probing → closed<br/>call.succeeded
`);
  });

  it('is bounded, and says what it left out', () => {
    const run = recorded(breakerMachine, BREAKER);
    for (let count = 0; count < 5_000; count += 1) {
      run.send({ type: 'breaker.isolated', ...{ at: count, forMs: null } } as EventObject);
      run.send({ type: 'breaker.reset', ...{ at: count } } as EventObject);
    }
    const { turns } = drawn(run.lines.join('\n'));
    expect(turns.left).toBe(10_000 - 150);
    expect(turns.mermaid().length).toBeLessThan(50_000);
    expect(turns.mermaid()).toMatch(/\n {2}Note over a1: cut here, 9850 more changes of state\n$/);
  });

  it('says when nobody turned', () => {
    const { lines } = recorded(breakerMachine, BREAKER);
    expect(drawn(lines.join('\n')).turns.mermaid()).toBe(
      'sequenceDiagram\n  participant a1 as nobody changed its state\n',
    );
  });

  it('gives Mermaid nothing of its own to read in a name', () => {
    expect(mermaidText('a;b#c<d>"e"\n%%f\\')).toBe('a#59;b#35;c#60;d#62;#34;e#34; %%f#92;');
    const path = 'deadline/a\\n; "b"';
    const { turns } = drawn(breakerRun().text().replaceAll(BREAKER_PATH, 'deadline/a\\\\n; \\"b\\"'));
    expect(turns.mermaid()).toContain(`participant a1 as ${mermaidText(path)}\n`);
  });
});
