import type { Clock } from '../../streams/event/clock.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { BatchError, ClosedError, StorageError } from '../../streams/event/errors.ts';
import type { Committed } from '../store.ts';
import { UnwritableEvent } from './lmdb-block.ts';
import { commitOf, type CommitFailure } from './lmdb-commit.ts';
import type { Databases, SyncMode } from './lmdb-databases.ts';
import { Group } from './lmdb-group.ts';
import type { Head } from './lmdb-head.ts';
import type { IndexState } from './lmdb-index-state.ts';
import type { PreparedWrite, SnapshotReader } from './lmdb-snapshots.ts';
import type { Piece } from './lmdb-upkeep.ts';

/** What the writer needs, and whom it tells. */
export interface WriterPorts {
  readonly databases: Databases;
  readonly snapshots: SnapshotReader;
  readonly index: IndexState;
  readonly clock: Clock;
  readonly path: string;
  readonly sync: SyncMode;
  readonly maxBytes: number;
  /** A transaction has been written. */
  readonly onWritten: (head: Head) => void;
  /** Events of one commit can be read. */
  readonly onAppended: (first: number, events: readonly EventEnvelope[], appendedAt: number) => void;
  /** A transaction failed; gives the head that holds now. */
  readonly onFailure: (failure: CommitFailure) => Head;
}

interface CommitTask {
  readonly kind: 'commit';
  readonly events: readonly EventEnvelope[];
  readonly writes: readonly PreparedWrite[];
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: Error) => void;
  /** What is to be told once the group is on the disk. Here, for an object of its own would cost each append one. */
  first: number | undefined;
  revisions: readonly number[];
  refusal: Error | undefined;
}

interface UpkeepTask {
  readonly kind: 'upkeep';
  /** Does one piece; gives undefined when nothing is left to do. */
  readonly piece: (head: Head) => Piece | undefined;
  readonly resolve: (removed: number) => void;
  readonly reject: (error: Error) => void;
  removed: number;
}

type Task = CommitTask | UpkeepTask;

/** Events in one transaction, after which the rest waits for the next: what is encoded in one go holds up the loop. */
const maxGroupEvents = 4_096;

/** Writes one transaction after the other; what comes while one is under way shares the next. */
export class LmdbWriter {
  readonly level: Committed['level'];
  readonly #ports: WriterPorts;
  #head: Head;
  #queue: Task[] = [];
  #running = false;
  #closing = false;
  #idle: (() => void)[] = [];

  constructor(ports: WriterPorts, head: Head) {
    this.#ports = ports;
    this.#head = head;
    this.level = ports.sync === 'os' ? 'os' : 'disk';
  }

  /** What has been written. */
  get head(): Head {
    return this.#head;
  }

  commit(events: readonly EventEnvelope[], writes: readonly PreparedWrite[]): Promise<Committed> {
    return new Promise((resolve, reject) => {
      this.#enqueue({
        kind: 'commit',
        events,
        writes,
        resolve,
        reject,
        first: undefined,
        revisions: [],
        refusal: undefined,
      });
    });
  }

  /** Removes in pieces, each in a transaction of its own, between which commits take place. */
  upkeep(piece: UpkeepTask['piece']): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#enqueue({ kind: 'upkeep', piece, resolve, reject, removed: 0 });
    });
  }

  /** Takes nothing more; resolves when all that it took has been written. */
  close(): Promise<void> {
    this.#closing = true;
    if (!this.#running) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  #enqueue(task: Task): void {
    if (this.#closing) {
      task.reject(new ClosedError(`the store at ${this.#ports.path} is closed; nothing was written`));
      return;
    }
    this.#queue.push(task);
    if (this.#running) return;
    this.#running = true;
    // At the end of this turn's code: what is appended in it goes together.
    this.#ports.clock.defer(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const tasks = this.#take();
      const [task] = tasks;
      try {
        if (task?.kind === 'upkeep') await this.#doPiece(task);
        else await this.#doGroup(tasks as CommitTask[]);
      } catch (error) {
        // Whatever it was, nobody may wait for ever; what is told already stays told.
        this.#ports.index.forget();
        for (const { reject } of tasks) reject(error as Error);
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Takes the tasks of the next transaction: one piece of upkeep, or commits in a row. */
  #take(): Task[] {
    let events = 0;
    let end = 0;
    for (const task of this.#queue) {
      if (end > 0 && (task.kind === 'upkeep' || this.#ports.sync === 'always')) break;
      end += 1;
      if (task.kind === 'upkeep') break;
      events += task.events.length;
      if (events >= maxGroupEvents) break;
    }
    if (end < this.#queue.length) return this.#queue.splice(0, end);
    const all = this.#queue;
    this.#queue = [];
    return all;
  }

  async #doGroup(tasks: readonly CommitTask[]): Promise<void> {
    const { databases, index, clock, onAppended, onWritten } = this.#ports;
    const appendedAt = Math.max(this.#head.time, Math.floor(clock.now()));
    const plan = this.#plan(tasks, appendedAt);
    if (plan !== undefined) {
      const { head, group } = plan;
      const { entries, types } = index.add(this.#head.last + 1, group.events);
      group.index(entries, types);
      const failure = await commitOf(databases, group.issue(head), head, this.#ports);
      if (failure !== undefined) {
        this.#fail(failure, tasks);
        return;
      }
      this.#head = head;
      index.settle(head.last);
      onWritten(head);
    }
    for (const task of tasks) {
      const { first, revisions, refusal, events } = task;
      if (refusal !== undefined) {
        task.reject(refusal);
        continue;
      }
      task.resolve({ first, revisions, level: this.level });
      if (first !== undefined) onAppended(first, events, appendedAt);
    }
  }

  /** Works out what the tasks make of the store, and tells each; undefined when there is nothing to write. */
  #plan(
    tasks: readonly CommitTask[],
    appendedAt: number,
  ): { readonly group: Group; readonly head: Head } | undefined {
    const { databases, snapshots, maxBytes, path } = this.#ports;
    // What speaks against a commit for itself; what speaks against it because of others is found anew each time.
    const refused = new Map<CommitTask, Error>();
    for (;;) {
      const group = new Group(databases, snapshots, this.#head);
      for (const task of tasks) enter(group, task, refused.get(task));
      if (group.isEmpty) return undefined;
      try {
        const { head } = group.seal(appendedAt);
        if (head.bytes <= maxBytes || group.events.length === 0) return { group, head };
        const full = `the log at ${path} would have ${head.bytes} bytes of events, more than maxBytes, ${maxBytes}`;
        for (const task of tasks) {
          if (task.events.length > 0)
            refused.set(task, new StorageError(`${full}. Trim it, or raise maxBytes`));
        }
      } catch (error) {
        if (!(error instanceof UnwritableEvent)) throw error;
        refuseUnwritable(tasks, error, refused);
      }
    }
  }

  async #doPiece(task: UpkeepTask): Promise<void> {
    const { databases, onWritten, index } = this.#ports;
    let piece: Piece | undefined;
    try {
      piece = task.piece(this.#head);
    } catch (error) {
      task.reject(error as Error);
      return;
    }
    if (piece === undefined) {
      task.resolve(task.removed);
      return;
    }
    const failure = await commitOf(databases, piece.issue(), piece.head, this.#ports);
    if (failure !== undefined) {
      this.#fail(failure, [task]);
      return;
    }
    this.#head = piece.head;
    piece.settle();
    if (piece.changesTail) index.forget();
    task.removed += piece.removed;
    onWritten(piece.head);
    if (piece.isLast) task.resolve(task.removed);
    // Behind those that wait: a long trim holds up nobody.
    else this.#queue.push(task);
  }

  #fail(failure: CommitFailure, tasks: readonly Task[]): void {
    this.#ports.index.forget();
    this.#head = this.#ports.onFailure(failure);
    for (const task of tasks) task.reject(failure.error);
  }
}

/** Enters a commit into a group, or says why not. */
function enter(group: Group, task: CommitTask, refusal: Error | undefined): void {
  task.refusal = refusal;
  task.first = undefined;
  if (refusal !== undefined) return;
  const revisions = group.write(task.writes);
  if (revisions instanceof Error) {
    task.refusal = revisions;
    return;
  }
  task.revisions = revisions;
  if (task.events.length > 0) task.first = group.append(task.events);
}

/** Finds the commit whose event cannot be written, and refuses that one. */
function refuseUnwritable(
  tasks: readonly CommitTask[],
  { index, cause }: UnwritableEvent,
  refused: Map<CommitTask, Error>,
): void {
  let before = 0;
  for (const task of tasks) {
    if (task.refusal !== undefined) continue;
    const place = index - before;
    before += task.events.length;
    if (place >= task.events.length) continue;
    const error = cause as Error;
    refused.set(
      task,
      task.events.length === 1
        ? error
        : new BatchError(`event ${place} of the batch cannot be written: ${error.message}`, place, { cause }),
    );
    return;
  }
}
