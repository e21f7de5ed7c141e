/** Everything that reads what it did not write. The shares are of a run's inputs. */
import { answers } from './targets/answers.mjs';
import { configuration } from './targets/configuration.mjs';
import { control } from './targets/control.mjs';
import { centrifugoFrames, pusherFrames } from './targets/frames.mjs';
import { traces } from './targets/traces.mjs';

export const targets = [pusherFrames, centrifugoFrames, answers, control, traces, configuration];
