/** Looking at a recording: where in it one is, and what there is to say about it. */
/** @import { Recording } from './recording.js' */
/** @import { Trouble } from './trouble-view.js' */
import { CONDITIONS, conditionOfActor } from './conditions.js';
import { Cursor } from './cursor.js';
import { count, dayAndTime, duration } from './figures.js';
import { wordsOf } from './state-path.js';

export class RecordedMode {
  recording;
  cursor;
  name;

  /**
   * @param {Recording} recording
   * @param {string} name of its file
   */
  constructor(recording, name) {
    this.recording = recording;
    this.name = name;
    this.cursor = new Cursor(recording);
  }

  /** Everyone who lives in it at any time. */
  get paths() {
    return [...this.recording.lanes.keys()];
  }

  /** Of what it is, for the head of the page. */
  get facts() {
    const { end, times, walls, version } = this.recording;
    const took = duration(times[end - 1] ?? 0);
    return `${this.name} · Earshot ${version} · ${count(end)} entries over ${took} · ${dayAndTime(walls[0] ?? 0)}`;
  }

  /** What to say while nothing is. */
  get calm() {
    const { actors } = this.cursor;
    const isAnyAlive = actors.paths().some((path) => actors.at(path)?.isAlive);
    return isAnyAlive ? 'Nothing is wrong at this moment.' : 'Earshot is not running at this moment.';
  }

  /** What is wrong at this moment, the worst first. @returns {Trouble[]} */
  troubles() {
    const { actors, wall } = this.cursor;
    return actors
      .paths()
      .flatMap((path) => actors.at(path) ?? [])
      .filter((actor) => actor.isAlive)
      .flatMap((actor) => {
        const condition = conditionOfActor(actor);
        return condition === 'trouble' || condition === 'waiting' ? [{ actor, condition }] : [];
      })
      .sort((a, b) => CONDITIONS.indexOf(a.condition) - CONDITIONS.indexOf(b.condition))
      .map(({ actor, condition }) => ({
        key: actor.path,
        actor: actor.path,
        condition,
        text: `${actor.path} is ${wordsOf(actor.state)}`,
        remedy: '',
        since: `for ${duration(wall - actor.since)}`,
      }));
  }
}
