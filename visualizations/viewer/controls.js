/** What moves the page: its buttons, its fields, its keys, files that are dropped on it, and the address. */
/** @import { Key } from './keys.js' */
/** @import { Page } from './page.js' */
import { listenToFiles } from './drop.js';
import { byId } from './element.js';
import { listenToKeys, showHelp } from './keys.js';
import { STOP, WRITE_BLACKBOX } from './orders.js';

/** @param {Page} page */
export function listenToControls(page) {
  const keys = keysOf(page);
  const on = (/** @type {string} */ id, /** @type {() => void} */ act) =>
    byId(id).addEventListener('click', act);
  document.addEventListener('click', ({ target }) => {
    const link = target instanceof Element ? target.closest('[data-choose]') : null;
    if (link) page.choose(link.getAttribute('data-choose') ?? '');
  });
  for (const id of ['filter', 'only', 'only-chosen']) byId(id).addEventListener('input', () => page.sift());
  on('newest', () => page.follow());
  on('write-blackbox', () => page.act(WRITE_BLACKBOX));
  on('stop-daemon', () => page.act(STOP));
  on('show-letters', () => page.showLetters());
  on('back-to-live', () => page.backToLive());
  on('show-help', () => showHelp(keys));
  listenToKeys(keys, () => page.isRecorded);
  listenToFiles((sources) => page.open(sources));
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) page.hurry();
  });
  window.addEventListener('online', () => page.hurry());
  window.addEventListener('hashchange', () => page.followAddress());
}

/**
 * @param {Page} page
 * @returns {Key[]}
 */
function keysOf(page) {
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
