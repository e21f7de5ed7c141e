/** One line of the log, and what a line says in full. */
/** @import { TraceEvent, TraceHeader, TraceLine, TraceMessage } from '../../src/trace/format.js' */
/** @import { Entry } from './entry.js' */
import { conditionOf } from './conditions.js';
import { element, mark } from './element.js';
import { eventWords } from './event-words.js';
import { count, dayAndTime, short, timeOfDay } from './figures.js';
import { stateOf, wordsOf } from './state-path.js';
import { readLine } from './trace-line.js';

/** Of what changed in a context, as much as fits beside the states. */
const CHANGES_SHOWN = 4;
/** They change with almost every event and say nothing to people. */
const UNTOLD = new Set(['at', 'seed']);

/**
 * @param {number} number
 * @param {Entry} entry
 */
export function rowOf(number, entry) {
  const row = element('div', {
    class: 'line',
    role: 'option',
    id: `line-${number}`,
    'data-number': number,
    'data-kind': entry.kind,
    'data-path': entry.path,
    'data-turn': entry.isTurn,
    'data-dropped': entry.isDropped,
    'data-missing': (entry.beginning?.missing ?? 0) > 0,
  });
  row.append(...partsOf(entry));
  return row;
}

/**
 * @param {Entry} entry
 * @returns {HTMLElement[]}
 */
function partsOf(entry) {
  const line = readLine(entry.text);
  if (line === undefined || line.kind === 'gap') return [element('span', {}, entry.text)];
  const time = element('time', {}, timeOfDay(line.wall));
  if (line.kind === 'header') {
    return [time, element('span', { class: 'what' }, begunText(line, entry.beginning))];
  }
  if (line.kind === 'message') return [time, ...saidOf(line)];
  const path = element('span', { class: 'path', title: line.path }, element('bdi', {}, line.path));
  if (line.kind === 'event') return [time, path, ...eventOf(line)];
  const state = line.kind === 'actor' ? stateOf(line.value) : '';
  const what = line.kind === 'actor' ? 'started' : 'ended';
  return [
    time,
    path,
    element('span', { class: 'on' }, what),
    element('span', { class: 'turn' }, ...(state === '' ? [] : stateParts(line.machine, state))),
  ];
}

/**
 * @param {TraceHeader} header
 * @param {Entry['beginning']} beginning
 */
function begunText({ version, wall }, beginning) {
  const alive = beginning?.introduction.length ?? 0;
  const missing = beginning?.missing ?? 0;
  if (missing > 0) return `${count(missing)} lines are missing here; ${count(alive)} actors are alive`;
  const what = alive === 0 ? 'begins' : `is met with ${count(alive)} actors alive`;
  return `Earshot ${version} ${what}, ${dayAndTime(wall)}`;
}

/**
 * Each by itself, whichever way it is written: no name turns the text beside it round.
 * @param {TraceMessage} line
 */
function saidOf({ channel, username, text }) {
  return [
    element('span', { class: 'path', title: channel }, element('bdi', {}, channel)),
    element('span', { class: 'said' }, element('bdi', {}, username), ': ', element('bdi', {}, text)),
  ];
}

/** @param {TraceEvent} line */
function eventOf({ machine, event, from, to, changed, dropped }) {
  const [before, after] = [stateOf(from), stateOf(to)];
  const turn =
    before === after
      ? [element('span', { class: 'stays' }, wordsOf(after))]
      : [
          ...stateParts(machine, before),
          element('span', { class: 'arrow' }, '→'),
          ...stateParts(machine, after),
        ];
  const told = Object.entries(changed).filter(([key]) => !UNTOLD.has(key));
  const changes = told.slice(0, CHANGES_SHOWN).map(([key, value]) => `${key} ${short(value)}`);
  return [
    element('span', { class: 'on', title: event.type }, eventWords(event.type)),
    element('span', { class: 'turn' }, ...turn),
    element(
      'span',
      { class: 'changes' },
      dropped ? 'dropped: no transition for it here' : changes.join(', '),
    ),
  ];
}

/**
 * @param {string} machine
 * @param {string} state
 */
function stateParts(machine, state) {
  return [mark(conditionOf(machine, state)), element('span', { class: 'state' }, wordsOf(state))];
}

/**
 * A line in full, as text.
 * @param {Entry} entry
 * @returns {HTMLElement[]}
 */
export function inFull(entry) {
  const line = readLine(entry.text);
  if (line === undefined) return [element('pre', {}, entry.text)];
  const head = headOf(line);
  const when =
    'wall' in line ? [element('time', {}, `${dayAndTime(line.wall)}${timeOfDay(line.wall).slice(8)}`)] : [];
  const number = 'seq' in line ? [element('span', { class: 'seq' }, `seq ${count(line.seq)}`)] : [];
  return [
    element('p', { class: 'entry-head' }, element('b', {}, head), ...when, ...number),
    element('pre', {}, JSON.stringify(withoutKnown(line), null, 2)),
  ];
}

/** @param {TraceLine} line */
function headOf(line) {
  if (line.kind === 'message') return `said in ${line.channel}`;
  return 'path' in line ? `${line.path} · ${line.machine}` : 'the recording';
}

/** What the head does not say already. @param {object} line */
function withoutKnown(line) {
  const told = new Set(['kind', 'seq', 'wall', 'path', 'machine', 'channel']);
  return Object.fromEntries(Object.entries(line).filter(([key]) => !told.has(key)));
}
