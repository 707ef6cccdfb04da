import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { Clock } from '../../streams/event/clock.ts';
import type { DeadLetterStore, NewDeadLetter } from '../dead-letters/dead-letter-store.ts';
import type { SuspectTrials } from '../leases/suspect-trials.ts';
import { whenDone } from '../when-done.ts';
import type { EntityHome } from './entity-home.ts';
import { EntityOutbox } from './entity-outbox.ts';
import type { EntityParts } from './entity-parts.ts';
import type { EntitySource } from './entity-source.ts';
import { EntityTrial, type TrialNotes, type TriedWork } from './entity-trial.ts';
import { PartitionPlace, type PartitionPlacePorts } from './partition-place.ts';
import { PartitionStore } from './partition-store.ts';

export interface PartitionHomePorts extends PartitionPlacePorts {
  readonly source: EntitySource;
  readonly deadLetters: DeadLetterStore;
  /** Admits one suspect at a time, of all that this process hosts. */
  readonly trials: SuspectTrials;
  readonly onError: (error: unknown) => void;
}

/** Milliseconds until a copy of a dead letter that was not stored is stored again. */
const retryMs = 1_000;

/** The home of one partition of a kind. */
export interface PartitionHome extends EntityHome {
  /** Notes how far the partition has come, where nothing waits to be kept. */
  reached(parts: Pick<EntityParts, 'engine' | 'commits' | 'failures'>): void;
}

/** Makes the home of one partition of a kind, for as long as this process owns it. */
export function partitionHome(definition: EntityDefinition, ports: PartitionHomePorts): PartitionHome {
  const { shared, partition, holds, source, deadLetters } = ports;
  const { kind } = definition;
  const name = `entity:${kind}`;
  const place = new PartitionPlace(definition, ports);
  const outbox = new EntityOutbox(place);
  const store = new PartitionStore({
    name: `partition ${partition} of ${kind}`,
    snapshots: shared.states,
    holds,
    publish: (event) => shared.publish(event),
    storedSince: (events, position) => shared.storedSince(events, position),
    published: () => place.published(outbox.number),
  });
  return {
    name,
    part: `:${partition}`,
    kept: true,
    store,
    source,
    place,
    outbox,
    cursorWrite: undefined,
    onAdvanced: (cursor, number) => place.advance(cursor, number),
    deadLetters: {
      add: (letter, kept) => {
        if (!deadLetters.add(letter)) return false;
        copy(letter, ports, kept);
        return true;
      },
      whenRoom: (callback) => deadLetters.whenRoom(callback),
    },
    trial: (work, onFailed) => trialOf(place, work, ports, onFailed),
    leave: () => place.leave(),
    reached: ({ engine, commits, failures }) => {
      if (commits.pending) return;
      place.advance(Math.min(engine.seen, failures.lowest - 1), 0);
      if (source.caughtUp) place.calm();
    },
  };
}

/** Where owners before this one have died one after the other, inputs are tried few by few. @throws StorageError */
async function trialOf(
  place: PartitionPlace,
  work: TriedWork,
  { clock, shared, trials }: PartitionHomePorts,
  onFailed: (error: unknown) => void,
): Promise<EntityTrial | undefined> {
  const { suspect } = place;
  const { maxTrials } = shared;
  if (suspect === undefined) return undefined;
  const handled = suspect.deaths < maxTrials ? 0 : await work.states.positionOf(suspect.key);
  const turn = trials.enter(suspect.deaths);
  const notes: TrialNotes = {
    get suspect() {
      return place.suspect;
    },
    horizon: place.horizon,
    mark: (sequence, key, size) => {
      // What is done already, nobody has to read again before he comes to this.
      place.advance(Math.min(work.engine.seen, work.failures.lowest - 1), 0);
      return place.mark(sequence, key, size);
    },
    acquit: () => place.acquit(),
  };
  return new EntityTrial({ clock, notes, turn, maxTrials, work, handled, onFailed });
}

/** Other processes, and those who look later, find what was given up in the stream of dead letters. */
function copy(
  letter: NewDeadLetter,
  ports: Pick<PartitionHomePorts, 'shared' | 'onError' | 'holds'> & { readonly clock: Clock },
  kept: () => void = nothing,
): void {
  const { event, subscriber, reason, attempts } = letter;
  whenDone(ports.shared.bury(event, { subscriber, reason, attempts }), kept, (error) => {
    ports.onError(error);
    // The next owner meets it again.
    if (ports.holds()) ports.clock.setTimeout(() => copy(letter, ports, kept), retryMs, true);
  });
}

function nothing(): void {}
