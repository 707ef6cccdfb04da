import type { Random } from '../streams/event/random.ts';

/** The real randomness, for jitter, sampling and ids: unpredictable enough to be unique, not for secrets. */
export const systemRandom: Random = Math.random;
