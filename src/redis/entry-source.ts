import type { StreamEntry } from './stream-reply.ts';

/** Takes an entry; `deliveries` says how often the server has given it out. */
export type TakeEntry = (
  entry: StreamEntry & { readonly fields: readonly Buffer[] },
  deliveries: number,
) => void;

/** Reads the entries of a stream for one subscription. */
export interface EntrySource {
  /** Resolves when its place is fixed: what is published from now on will come. @throws TransportError */
  open(): Promise<void>;
  /** There may be room again. */
  refill(): void;
  /** Reads no more; what came is still settled. */
  detach(): void;
  /** Ends it; what is not settled is for others. */
  release(): Promise<void>;
}
