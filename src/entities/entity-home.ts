import type { DeadLetterStore } from '../dead-letters/dead-letter-store.ts';
import type { SnapshotWrite } from '../snapshot-store.ts';
import type { EntityOutbox } from './entity-outbox.ts';
import type { KindPlaces } from './entity-place.ts';
import type { EntitySource } from './entity-source.ts';
import type { EntityStore } from './entity-store.ts';
import type { EntityTrial, TriedWork } from './entity-trial.ts';

/** Where the entities of a kind live, or those of one partition of it: what their events come from and go to. */
export interface EntityHome {
  /** The kind's among the names of subscribers. */
  readonly name: string;
  /** Ends the names of what each partition has of its own; empty where there are none. */
  readonly part: string;
  /** Its states outlive the process with its events; else they are in memory, as these are. */
  readonly kept: boolean;
  readonly store: EntityStore;
  readonly source: EntitySource;
  readonly place: KindPlaces;
  /** Where records hold what was emitted. */
  readonly outbox: EntityOutbox | undefined;
  /** The write that keeps how far it has come; undefined where that is not part of a commit. */
  readonly cursorWrite: ((cursor: number, revision: number) => SnapshotWrite) | undefined;
  /** A commit is kept, and with it all up to `cursor`. */
  readonly onAdvanced: (cursor: number, number: number) => void;
  readonly deadLetters: Pick<DeadLetterStore, 'add' | 'whenRoom'>;
  /** How its inputs are to be tried few by few, once its place is found; undefined where there is no cause to. */
  readonly trial: (work: TriedWork, onFailed: (error: unknown) => void) => Promise<EntityTrial | undefined>;
  /** Nothing more will be done here: resolves when all that is to be kept is. */
  readonly leave: () => Promise<void>;
}
