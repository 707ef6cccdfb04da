/**
 * Which callback goes first, each time that more than one may: the k-th number, modulo how many are ready,
 * decides the k-th choice. Once it runs out, the first to be ready goes first. `anyInterleaving` draws one.
 */
export type Interleaving = readonly number[];

/** The choices of an interleaving, one after the other: what `createVirtualClock` takes as `choose`. */
export function chooserOf(interleaving: Interleaving): (ready: number) => number {
  let made = 0;
  return (ready) => {
    const drawn = interleaving[made] ?? 0;
    made += 1;
    return drawn % ready;
  };
}
