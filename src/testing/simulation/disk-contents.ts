import type { Random } from '../../../streams/event/random.ts';
import { MemoryRecords } from '../../log/memory-log.ts';
import { MemorySnapshots } from '../../log/memory-snapshots.ts';
import type { PublishLevel } from '../../publish-level.ts';
import type { Commit, Committed } from '../../store.ts';

/** What is on a disk. */
export interface Contents {
  readonly records: MemoryRecords;
  readonly states: MemorySnapshots;
}

const none: readonly never[] = [];

/** An empty disk. */
export function emptyContents(): Contents {
  return { records: new MemoryRecords(Infinity), states: new MemorySnapshots(Infinity) };
}

/** Does a commit. @throws ConflictError, with nothing done */
export function applyTo(
  { records, states }: Contents,
  { events = none, writes = none }: Commit,
  now: number,
  level: PublishLevel,
): { readonly committed: Committed; readonly appendedAt: number } {
  if (writes.length > 0) states.check(writes);
  const revisions = writes.length > 0 ? states.apply(writes) : none;
  if (events.length === 0) return { committed: { first: undefined, revisions, level }, appendedAt: now };
  const first = records.bounds().last + 1;
  const appendedAt = records.append(events, now);
  return { committed: { first, revisions, level }, appendedAt };
}

/** Some of the pages of a commit: its first events, and perhaps its states. */
export function torn({ events = none, writes = none }: Commit, random: Random): Commit {
  return {
    events: events.slice(0, Math.floor(random() * (events.length + 1))),
    writes: random() < 0.5 ? none : writes,
  };
}
