/** Randomness as a port: gives a number in [0, 1). Seeded in tests, `Math.random` in production. */
export type Random = () => number;
