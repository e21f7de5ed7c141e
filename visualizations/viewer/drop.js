/** Files come into the page by the button, or by being dropped anywhere on it. */
/** @import { Source } from './open-trace.js' */
import { byId } from './element.js';

/** @param {(sources: readonly Source[]) => void} open */
export function listenToFiles(open) {
  const input = byId('trace-file', HTMLInputElement);
  const drop = byId('drop');
  byId('open-trace').addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    if (input.files !== null && input.files.length > 0) open([...input.files]);
    input.value = '';
  });
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    drop.hidden = false;
  });
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (relatedTarget === null) drop.hidden = true;
  });
  document.addEventListener('drop', (event) => {
    drop.hidden = true;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    open(files);
  });
}
