/** Runs in the page, before it: remembers which states its chart lit, and what its policy refused. */
window.seen = { lit: [], violations: [] };

function note() {
  const lit = [...document.querySelectorAll('#chart [data-state].lit')].map((it) => it.dataset.state);
  const now = lit.sort().at(-1);
  if (now !== undefined && now !== window.seen.lit.at(-1)) window.seen.lit.push(now);
}

new MutationObserver(note).observe(document, { subtree: true, childList: true, attributeFilter: ['class'] });
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
  window.seen.violations.push(`${violatedDirective}: ${blockedURI} in ${sourceFile}`);
});
