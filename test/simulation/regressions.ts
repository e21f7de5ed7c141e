/** Plans that once broke a promise, each with one line of what it showed. They are played with every test run. */
import type { Fault, Plan } from './plan.js';
import type { Shape } from './shape.js';

const SHAPE: Shape = {
  channels: 1,
  ids: 'both',
  transport: 'auto',
  sinks: [{ name: 'discord', type: 'discord' }],
  times: 'quick',
  queueLimit: 500,
  rules: 'default',
  archive: 'matches',
  maxAge: '24h',
  maxPending: 100_000,
  gapFill: true,
};

const burst = (at: number): Fault => ({ at, what: 'burst', room: 0, count: 6, withinMs: 1_200 });
const plan = (faults: readonly Fault[], shape: Partial<Shape> = {}): Plan => ({
  seed: 1,
  shape: { ...SHAPE, ...shape },
  activeMs: 30_000,
  chatEveryMs: 2_000,
  faults,
});

export const REGRESSIONS: readonly (readonly [showed: string, plan: Plan])[] = [
  [
    'a store that opened late let a refused endpoint be asked again',
    plan([
      { at: 4_000, what: 'discord', sink: 'discord', how: 'unknownWebhook', times: 1 },
      burst(4_100),
      { at: 10_000, what: 'crash', downMs: 1_000 },
      { at: 10_100, what: 'opening', how: 'busy', times: 2 },
    ]),
  ],
  [
    'after a restart onto a full disk the gap fill told again what was told',
    plan([
      burst(8_000),
      { at: 10_000, what: 'crash', downMs: 500 },
      { at: 10_600, what: 'disk', how: 'readOnly', forMs: 6_000 },
    ]),
  ],
  [
    'Discord’s "overloaded" (130000) made a dead letter',
    plan([{ at: 4_000, what: 'discord', sink: 'discord', how: 'odd', times: 2 }, burst(4_100)]),
  ],
  [
    'the timer of the lookups’ line outlived the stop',
    plan([{ at: 600, what: 'stop', downMs: 500 }], { channels: 4, ids: 'none' }),
  ],
  [
    'acknowledgements that could not be written were lost by a stop that called itself clean',
    plan([
      { at: 4_000, what: 'discord', sink: 'discord', how: 'slow', times: 1 },
      { at: 4_010, what: 'burst', room: 0, count: 1, withinMs: 1 },
      { at: 4_200, what: 'disk', how: 'io', forMs: 20_000 },
      { at: 8_000, what: 'stop', downMs: 1_000 },
    ]),
  ],
  [
    'a link cut while a gap was filled let the chat go on before what was missed',
    plan([
      burst(8_000),
      { at: 9_000, what: 'sockets', how: 'cut' },
      { at: 9_000, what: 'kick', endpoint: 'history', how: 'slow', times: 1 },
      { at: 9_100, what: 'burst', room: 0, count: 30, withinMs: 4_000 },
      { at: 10_400, what: 'sockets', how: 'cut' },
    ]),
  ],
  [
    'a link that was dead when it was to close made the stop overrun',
    plan(
      [
        { at: 10_000, what: 'sockets', how: 'deaf' },
        { at: 12_000, what: 'stop', downMs: 500 },
      ],
      { times: 'default' },
    ),
  ],
  [
    'a link that waited for the other side to close asked for another token',
    {
      ...plan(
        [
          { at: 48_000, what: 'sockets', how: 'deaf' },
          { at: 48_500, what: 'stop', downMs: 500 },
        ],
        { times: 'default' },
      ),
      activeMs: 50_000,
    },
  ],
  [
    'a circuit that a person released before the store could be opened was closed without a test',
    plan([
      { at: 4_000, what: 'crash', downMs: 500 },
      { at: 4_100, what: 'opening', how: 'busy', times: 4 },
      { at: 4_800, what: 'hand', how: 'isolate', name: 'discord' },
      { at: 4_900, what: 'hand', how: 'release', name: 'discord' },
      { at: 4_950, what: 'discord', sink: 'discord', how: 'cut', times: 2 },
      burst(5_000),
    ]),
  ],
  [
    'a console that was isolated and released while nothing was said stayed degraded',
    {
      ...plan(
        [
          { at: 4_000, what: 'hand', how: 'isolate', name: 'screen' },
          { at: 5_000, what: 'hand', how: 'release', name: 'screen' },
        ],
        { sinks: [{ name: 'screen', type: 'console' }] },
      ),
      chatEveryMs: 0,
    },
  ],
];
