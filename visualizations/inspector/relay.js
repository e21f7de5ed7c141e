/**
 * Hands what the daemon tells to Stately's inspector, which is shown in the frame. It asks for nothing before the
 * frame has said that it is there; the daemon tells whoever comes how everything stands, so nothing is kept here.
 */
const INSPECTOR = 'https://stately.ai/inspect';
const PATIENCE_MS = 10_000;
const AGAIN_MS = 2_000;

const state = byId('state', HTMLParagraphElement);
const frame = byId('inspector', HTMLIFrameElement);
/** @type {WebSocket | undefined} */
let socket;
/** Whether the frame shows actors already: those of a daemon that may be gone. */
let isFilled = false;

addEventListener('message', ({ source, origin, data }) => {
  if (source !== frame.contentWindow || data?.type !== '@statelyai.connected') return;
  clearTimeout(patience);
  isFilled = false;
  connect(origin);
});

const patience = setTimeout(() => {
  state.textContent = `Stately's inspector has not answered. It comes from the internet: ${INSPECTOR}`;
}, PATIENCE_MS);
// Now that somebody listens to what it says first.
frame.src = INSPECTOR;

/** @param {string} origin the frame's, which Stately may have led to another address of its own */
function connect(origin) {
  leave();
  const own = new WebSocket(`ws://${location.host}`);
  socket = own;
  own.onopen = () => {
    state.textContent = '';
    if (isFilled) showAfresh();
  };
  own.onmessage = ({ data }) => {
    isFilled = true;
    frame.contentWindow?.postMessage(JSON.parse(data), origin);
  };
  own.onclose = () => {
    if (socket !== own) return;
    state.textContent = 'Earshot has gone, or lets nobody else in; it is asked again every two seconds.';
    setTimeout(() => socket === own && connect(origin), AGAIN_MS);
  };
}

function leave() {
  const last = socket;
  socket = undefined;
  last?.close();
}

/** Another daemon has other actors: the frame forgets those of the last, and says again that it is there. */
function showAfresh() {
  leave();
  frame.src = INSPECTOR;
}

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
function byId(id, kind) {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no #${id}`);
}
