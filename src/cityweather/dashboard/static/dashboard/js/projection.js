// Equal Earth (Šavrič, Patterson, Jenny 2018): it keeps the proportions of areas.

const A = [1.340264, -0.081106, 0.000893, 0.003796];
const ROOT = Math.sqrt(3) / 2;
const NORTH = 84; // degrees; the map ends where nobody lives
const SOUTH = -57;

/** Degrees → [x, y], x within ±2.7, y upwards. */
function project(longitude, latitude) {
  const t = Math.asin(ROOT * Math.sin((latitude * Math.PI) / 180));
  const t2 = t * t;
  const t6 = t2 * t2 * t2;
  const slope = A[0] + 3 * A[1] * t2 + t6 * (7 * A[2] + 9 * A[3] * t2);
  const x = (((longitude * Math.PI) / 180) * Math.cos(t)) / (ROOT * slope);
  return [x, t * (A[0] + A[1] * t2 + t6 * (A[2] + A[3] * t2))];
}

const [WIDTH] = project(180, 0);
const [, TOP] = project(0, NORTH);
const [, BOTTOM] = project(0, SOUTH);

export const ASPECT = (2 * WIDTH) / (TOP - BOTTOM);

/** Degrees → pixels of a canvas that is `width` wide and `width / ASPECT` high. */
export function toPixels(longitude, latitude, width) {
  const [x, y] = project(longitude, latitude);
  const scale = width / (2 * WIDTH);
  return [(x + WIDTH) * scale, (TOP - y) * scale];
}
