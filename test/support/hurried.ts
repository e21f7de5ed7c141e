/** A world in which time passes faster: what happens every ten seconds need not be waited for so long. */
import type { World } from '../../src/world.js';

export function hurried(world: World, times: number): World {
  const { clock } = world;
  const [startedAt, epoch] = [clock.now(), clock.wall()];
  return {
    ...world,
    clock: {
      ...clock,
      now: () => clock.now() * times,
      wall: () => epoch + Math.round((clock.now() - startedAt) * times),
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms / times),
    },
  };
}
