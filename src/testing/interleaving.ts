/**
 * Which callback goes first, each time that more than one may: the k-th number says how many of those that are ready
 * it overtakes, at most all. Once the numbers run out, the first to be ready goes first. `anyInterleaving` draws one.
 */
export type Interleaving = readonly number[];

/** The choices of an interleaving, one after the other: what `createVirtualClock` takes as `choose`. */
export function chooserOf(interleaving: Interleaving): (ready: number) => number {
  let made = 0;
  return (ready) => {
    const drawn = interleaving[made] ?? 0;
    made += 1;
    return Math.min(drawn, ready - 1);
  };
}
