import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { BusOptions } from '../bus-options.ts';
import type { SubscriberOptions } from '../options.ts';
import { anyCommands, type AnyCommandsOptions } from './any-commands.ts';
import { anyInterleaving } from './any-interleaving.ts';
import { anySubscriberOptions } from './any-subscriber-options.ts';
import type { LawOptions } from './hold-law.ts';
import type { BusHistory } from './probe-run.ts';

/** What the laws of a bus may be told. */
export interface BusLawOptions extends LawOptions<BusHistory> {
  /** Options that the subscriber has in every case; the others are drawn. */
  readonly subscriber?: Omit<SubscriberOptions, 'name' | 'filter' | 'fallback'>;
  /** What is done to the bus. Default: publishes, batches, pauses, resumes, and time that passes. */
  readonly commands?: AnyCommandsOptions;
}

/** The bus of a law where none is given: the default one, in memory. */
export const defaultBus: BusOptions = {};

/** Draws what happens to a bus. */
export function anyBusHistory(
  { subscriber, commands }: Pick<BusLawOptions, 'subscriber' | 'commands'>,
  fixed: SubscriberOptions = {},
): fc.Arbitrary<BusHistory> {
  return plainRecord({
    commands: anyCommands(commands),
    subscriber: anySubscriberOptions().map((drawn) => ({ ...drawn, ...subscriber, ...fixed })),
    interleaving: anyInterleaving(),
    seed: fc.nat(1_000_000),
  });
}
