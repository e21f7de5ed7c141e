/** Draws the plan of a seed: how much goes wrong, when, and of which kind. */
import { Chance } from './chance.js';
import {
  burstFault,
  clockFault,
  crashFault,
  dialFault,
  diskFault,
  frameFault,
  handFault,
  kickFault,
  openingFault,
  poisonFault,
  printFault,
  roomFault,
  sinkFault,
  socketFault,
  stopFault,
  woundFault,
} from './draws.js';
import type { Fault, Plan } from './plan.js';
import { parting } from './scenes/links.js';
import { failedLookup } from './scenes/subscriptions.js';
import { drawChatScene, drawScene } from './scenes.js';
import { drawShape, type Shape } from './shape.js';

export function planOf(seed: number): Plan {
  const chance = new Chance(seed).of('plan');
  const shape = drawShape(chance.of('shape'));
  const activeMs = shape.times === 'quick' ? chance.whole(40_000, 160_000) : chance.whole(120_000, 420_000);
  const faults = drawFaults(chance.of('faults'), shape, activeMs);
  const often = chance.whole(1_500, 8_000);
  const chatEveryMs = shape.channels > 10 ? 60_000 : shape.channels > 4 ? 3 * often : often;
  return { seed, shape, activeMs, chatEveryMs, faults };
}

/** Faults come in flurries, and in scenes: what is rare alone is where things break. */
function drawFaults(chance: Chance, shape: Shape, activeMs: number): Fault[] {
  if (chance.is(0.04)) return [];
  const faults: Fault[] = [];
  const within = (at: number) => (at < activeMs ? at : chance.between(500, activeMs * 0.9));
  for (let scenes = chance.pick([0, 1, 1, 2, 2, 3]); scenes > 0; scenes -= 1) {
    const began = Math.round(chance.between(1_000, activeMs * 0.8));
    faults.push(...drawScene(chance, shape, began));
  }
  for (let scenes = chance.pick([0, 0, 1, 1, 2]); scenes > 0; scenes -= 1)
    faults.push(...drawChatScene(chance, shape, Math.round(chance.between(5_000, activeMs * 0.7))));
  if (chance.is(0.7)) faults.push(parting(chance, shape, Math.round(chance.between(2_000, activeMs))));
  // Whoever does not know its rooms looks them up at once: later there is nothing to go wrong.
  if (shape.ids === 'none' && chance.is(0.7)) faults.push(failedLookup(chance, 0));
  let at = chance.between(500, activeMs * 0.6);
  for (let count = Math.min(14, Math.floor(chance.about(3.5))); count > 0; count -= 1) {
    at = within(chance.is(0.6) ? at + chance.about(2_500) : chance.between(0, activeMs));
    faults.push(drawFault(chance, shape, Math.round(at)));
  }
  return faults.filter((fault) => fault.at < activeMs).sort((one, other) => one.at - other.at);
}

/** How often each kind is drawn, relative to the others. */
const WEIGHTS: readonly (readonly [
  weight: number,
  draw: (chance: Chance, shape: Shape, at: number) => Fault,
])[] = [
  [14, sinkFault],
  [4, dialFault],
  [5, socketFault],
  [3, frameFault],
  [5, kickFault],
  [4, roomFault],
  [5, diskFault],
  [1, openingFault],
  [1.5, clockFault],
  [8, crashFault],
  [4, stopFault],
  [4, handFault],
  [3, burstFault],
  [2.5, poisonFault],
  [1, printFault],
  [2, woundFault],
];
const TOTAL = WEIGHTS.reduce((sum, [weight]) => sum + weight, 0);

function drawFault(chance: Chance, shape: Shape, at: number): Fault {
  let left = chance.next() * TOTAL;
  for (const [weight, draw] of WEIGHTS) {
    left -= weight;
    if (left < 0) return draw(chance, shape, at);
  }
  return { at, what: 'hangup' };
}
