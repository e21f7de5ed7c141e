/** Reading a recording out of files or from the server, piece by piece, so that the page goes on meanwhile. */
import { BadTrace, Recording } from './recording.js';
import { LineCutter } from './trace-line.js';

/** As text in the page it takes a little more; a browser that runs out of memory says nothing. */
const BYTES_MAX = 512 * 1024 * 1024;
/** After so many lines the page gets its turn. */
const LINES_AT_ONCE = 4_000;

/** @typedef {{ name: string, size: number, stream: () => ReadableStream<Uint8Array> }} Source */

/**
 * Segments of one trace are read in the order of their names. Throws BadTrace.
 * @param {readonly Source[]} sources
 * @param {(share: number) => void} progress from 0 to 1
 * @param {number} [bytesMax]
 */
export async function readTrace(sources, progress, bytesMax = BYTES_MAX) {
  const bytes = sources.reduce((sum, { size }) => sum + size, 0);
  if (bytes > bytesMax) throw new BadTrace(tooMuch(bytes, bytesMax));
  const recording = new Recording();
  let read = 0;
  for (const source of [...sources].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))) {
    const cutter = new LineCutter();
    const decoder = new TextDecoder();
    const reader = source.stream().getReader();
    let lines = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      read += piece.value.length;
      // What is served does not say beforehand how much it is.
      if (read > bytesMax) {
        await reader.cancel();
        throw new BadTrace(tooMuch(read, bytesMax));
      }
      for (const line of cutter.cut(decoder.decode(piece.value, { stream: true }))) {
        take(recording, line, source.name);
        lines += 1;
        if (lines % LINES_AT_ONCE === 0) await turn();
      }
      progress(bytes === 0 ? 0 : Math.min(1, read / bytes));
    }
    if (cutter.rest !== '') take(recording, cutter.rest, source.name);
  }
  recording.finish();
  return recording;
}

/**
 * @param {Recording} recording
 * @param {string} line
 * @param {string} name
 */
function take(recording, line, name) {
  try {
    recording.take(line);
  } catch (error) {
    if (error instanceof BadTrace) throw new BadTrace(`${name}: ${error.message}`);
    throw error;
  }
}

/**
 * @param {number} bytes
 * @param {number} bytesMax
 */
function tooMuch(bytes, bytesMax) {
  const mebibytes = (/** @type {number} */ value) => Math.ceil(value / 1024 / 1024);
  return `These are ${mebibytes(bytes)} MiB or more; ${mebibytes(bytesMax)} at most fit into a page. Open fewer segments.`;
}

/** Lets the page draw and answer. */
function turn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(undefined);
  });
}
