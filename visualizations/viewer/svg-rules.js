/**
 * What of a picture is let into the page. The pictures are our own and come from our own origin; should that ever
 * not be so, nothing that runs, loads or links gets through.
 */

const ELEMENTS = new Set(
  'svg g defs marker title desc rect circle ellipse line polyline polygon path text tspan'.split(' '),
);

const ATTRIBUTES = new Set(
  [
    'viewBox preserveAspectRatio width height x y x1 y1 x2 y2 cx cy r rx ry dx dy d points transform',
    'fill fill-opacity stroke stroke-width stroke-opacity stroke-dasharray stroke-linecap stroke-linejoin opacity',
    'font-family font-size font-weight font-style text-anchor textLength lengthAdjust dominant-baseline',
    'marker-start marker-mid marker-end markerWidth markerHeight markerUnits refX refY orient',
    'id class role aria-label aria-labelledby aria-hidden paint-order',
  ].flatMap((names) => names.split(' ')),
);

/** @param {string} name local, in its own case */
export function isElementAllowed(name) {
  return ELEMENTS.has(name);
}

/**
 * @param {string} name
 * @param {string} value
 */
export function isAttributeAllowed(name, value) {
  if (!ATTRIBUTES.has(name) && !/^data-[a-z-]+$/.test(name)) return false;
  // A reference may lead to a part of the same picture, nowhere else.
  const references = value.match(/url\s*\([^)]*\)?/gi) ?? [];
  return references.every((reference) => /^url\(#[\w-]+\)$/.test(reference));
}
