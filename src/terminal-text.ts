/** Text from strangers for a terminal: no control characters, so no sequence moves the cursor, colours or types. */

const CONTROL = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** On one line; each control or direction character becomes `�`. */
export function terminalSafe(text: string): string {
  return text.replace(/[\t\r\n]+/g, ' ').replace(CONTROL, '\ufffd');
}
