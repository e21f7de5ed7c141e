/** Runs in the page, before it: remembers which states its chart lit, and what its policy refused. */
window.seen = { lit: [], violations: [], inOrder };

function note() {
  const lit = [...document.querySelectorAll('#chart [data-state].lit')].map((it) => it.dataset.state);
  const now = lit.sort().at(-1);
  if (now !== undefined && now !== window.seen.lit.at(-1)) window.seen.lit.push(now);
}

/** Each of these is a state, or several of which one will do: `halfOpen|probing`. */
function inOrder(states) {
  let from = 0;
  for (const state of states) {
    const at = window.seen.lit.findIndex((lit, index) => index >= from && state.split('|').includes(lit));
    if (at < 0) return false;
    from = at + 1;
  }
  return true;
}

new MutationObserver(note).observe(document, { subtree: true, childList: true, attributeFilter: ['class'] });
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
  window.seen.violations.push(`${violatedDirective}: ${blockedURI} in ${sourceFile}`);
});
