/** Text for a Mermaid diagram: what Mermaid would take for its own stands there by its code, on one line. */
export function mermaidText(text: string): string {
  return text
    .replace(/[#;<>"&\\]/g, (sign) => `#${sign.charCodeAt(0)};`)
    .replace(/[\0-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ');
}
