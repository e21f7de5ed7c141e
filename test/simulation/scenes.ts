/** Scenes: several things that go wrong together, as they do where one leads to the other. */
import type { Chance } from './chance.js';
import type { Fault } from './plan.js';
import {
  actedUnderRequest,
  deathUnderProbe,
  impatience,
  probeOfNothing,
  relapse,
  restartWhileShut,
} from './scenes/circuits.js';
import { bannedAgain, sharedHost, webhooksOf } from './scenes/limits.js';
import { flaps, goesDead, oneIsOut, outage, turnedAway } from './scenes/links.js';
import { cutUnderChat, cutWhileFilling, droppedAndBack, repeatedAfterRestart } from './scenes/missed.js';
import {
  aging,
  backlog,
  crowding,
  poisonedBatch,
  secondChance,
  stopUnderLoad,
  stumbles,
} from './scenes/rows.js';
import { cutWhileDown, downWhileHeard, restartIntoTrouble, stopWhileDown } from './scenes/store.js';
import { fallsSilent, unsubscribed } from './scenes/subscriptions.js';
import { woundUnderRequest, woundUnderWait } from './scenes/wounds.js';
import type { Shape } from './shape.js';

export function drawScene(chance: Chance, shape: Shape, at: number): Fault[] {
  // Rows that may not become old, or many, are a setting of which something should come.
  if (shape.maxPending < 1_000 && chance.is(0.35)) return crowding(chance, shape, at);
  if (shape.maxAge === '1m' && chance.is(0.35)) return aging(chance, shape, at);
  if (webhooksOf(shape).length > 1 && chance.is(0.3)) return sharedHost(chance, shape, at);
  return chance.pick(SCENES)(chance, shape, at);
}

/** On the side of the chat: the link, the subscriptions, and what was missed meanwhile. */
export function drawChatScene(chance: Chance, shape: Shape, at: number): Fault[] {
  return chance.pick(CHAT_SCENES)(chance, shape, at);
}

const SCENES = [
  secondChance,
  secondChance,
  woundUnderRequest,
  woundUnderWait,
  stopWhileDown,
  stopWhileDown,
  bannedAgain,
  impatience,
  deathUnderProbe,
  actedUnderRequest,
  probeOfNothing,
  probeOfNothing,
  stumbles,
  stumbles,
  restartWhileShut,
  restartWhileShut,
  stopUnderLoad,
  stopUnderLoad,
  aging,
  restartIntoTrouble,
  restartIntoTrouble,
  relapse,
  relapse,
  relapse,
  downWhileHeard,
  downWhileHeard,
  cutWhileDown,
  backlog,
  cutUnderChat,
  cutUnderChat,
  poisonedBatch,
  poisonedBatch,
] as const;

const CHAT_SCENES = [
  outage,
  outage,
  oneIsOut,
  flaps,
  flaps,
  goesDead,
  goesDead,
  turnedAway,
  turnedAway,
  cutWhileFilling,
  cutWhileFilling,
  cutWhileFilling,
  repeatedAfterRestart,
  repeatedAfterRestart,
  repeatedAfterRestart,
  droppedAndBack,
  droppedAndBack,
  fallsSilent,
  fallsSilent,
  unsubscribed,
  unsubscribed,
] as const;
