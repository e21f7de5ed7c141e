/** `earshot replay --set`: the first step that would have gone differently with other settings. */
import { EarshotError } from '../errors.js';
import { settingOf } from '../trace/settings.js';
import { linesOfWhatIf } from '../trace/telling.js';
import { WhatIf } from '../trace/what-if.js';
import type { Question } from './replay.js';

/** Throws an EarshotError, code `usage`, when one is no setting. */
export function underSettings(texts: readonly string[], json: boolean): Question {
  const settings = texts.map(settingOf);
  const whatIf = new WhatIf(settings);
  return {
    observers: [whatIf],
    isAnswered: () => whatIf.departure !== undefined,
    answer(terminal) {
      const { events, actors, departure = null } = whatIf;
      if (actors === 0) {
        const machines = new Set(settings.map(({ machine }) => machine));
        throw new EarshotError('noActor', `there is no ${[...machines].join(' and no ')} in this trace`);
      }
      if (json) {
        const given = settings.map((it) => ({ set: it.text, recorded: whatIf.was(it) }));
        terminal.json({ settings: given, events, actors, departure });
      } else for (const line of linesOfWhatIf(settings, whatIf)) terminal.say(line);
    },
  };
}
