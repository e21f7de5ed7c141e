/** The keys of the page. */
/** @import { Key } from './keys.js' */
/** @import { Page } from './page.js' */
import { byId } from './element.js';
import { showHelp } from './keys.js';

/**
 * @param {Page} page
 * @returns {Key[]}
 */
export function keysOf(page) {
  const { player } = page;
  /** @type {Key[]} */
  const keys = [
    { key: '/', shown: '/', does: 'filter the log', act: () => byId('filter').focus() },
    {
      key: 't',
      shown: 't',
      does: 'to the tree; there the arrows move, open and fold',
      act: () => page.focusTree(),
    },
    {
      key: 'l',
      shown: 'l',
      does: 'to the log; there the arrows pick a line',
      act: () => byId('log').focus(),
    },
    { key: 'o', shown: 'o', does: 'open a trace', act: () => byId('open-trace').click() },
    { key: '?', shown: '?', does: 'this help', act: () => showHelp(keys) },
    {
      key: 'ArrowRight',
      shift: false,
      shown: '→',
      does: 'one step on, as chosen beside the buttons',
      act: () => player.step(1),
      isRecorded: true,
    },
    {
      key: 'ArrowLeft',
      shift: false,
      shown: '←',
      does: 'one step back',
      act: () => player.step(-1),
      isRecorded: true,
    },
    {
      key: 'ArrowRight',
      shift: true,
      shown: 'Shift →',
      does: 'to the next change of state',
      act: () => player.step(1, 'turn'),
      isRecorded: true,
    },
    {
      key: 'ArrowLeft',
      shift: true,
      shown: 'Shift ←',
      does: 'to the last change of state',
      act: () => player.step(-1, 'turn'),
      isRecorded: true,
    },
    {
      key: '.',
      shown: '.',
      does: 'to the next change of the chosen actor',
      act: () => player.step(1, 'actor'),
      isRecorded: true,
    },
    {
      key: ',',
      shown: ',',
      does: 'to the last change of the chosen actor',
      act: () => player.step(-1, 'actor'),
      isRecorded: true,
    },
    { key: 'Home', shown: 'Home', does: 'to the beginning', act: () => player.moveTo(0), isRecorded: true },
    {
      key: 'End',
      shown: 'End',
      does: 'to the end',
      act: () => player.moveTo(Number.MAX_SAFE_INTEGER),
      isRecorded: true,
    },
    { key: ' ', shown: 'Space', does: 'play, pause', act: () => player.toggle(), isRecorded: true },
    { key: '+', shown: '+', does: 'nearer', act: () => page.zoom(0.5), isRecorded: true },
    { key: '-', shown: '−', does: 'further away', act: () => page.zoom(2), isRecorded: true },
  ];
  return keys;
}
