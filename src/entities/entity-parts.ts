import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { EntityRunner, EntityRunnerPorts } from '../../actors/entity-logic.ts';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import type { EventRegistry } from '../../streams/event/event-registry.ts';
import type { Random } from '../../streams/event/random.ts';
import type { DeadLetterStore } from '../dead-letters/dead-letter-store.ts';
import { EntityAnswers } from './entity-answers.ts';
import { EntityBusSource } from './entity-bus-source.ts';
import { EntityCommits, type EntityCommitsPorts } from './entity-commits.ts';
import { EntityEngine } from './entity-engine.ts';
import { EntityFailures } from './entity-failures.ts';
import { EntityLogSource } from './entity-log-source.ts';
import type { ResolvedEntityHost } from './entity-options.ts';
import { EntityParking } from './entity-parking.ts';
import { EntityPlace } from './entity-place.ts';
import { EntityRoom } from './entity-room.ts';
import type { EntitySource } from './entity-source.ts';
import { EntityStates } from './entity-states.ts';
import { EntitySteps } from './entity-steps.ts';
import { EntityTimers } from './entity-timers.ts';
import { EntityWork } from './entity-work.ts';
import type { EventFactory } from '../publishing/event-factory.ts';
import type { LiveEntity } from './live-entity.ts';
import { memoryStore } from '../log/memory-store.ts';
import type { Logger } from '../logger.ts';
import type { Commit, Committed, Store } from '../store.ts';
import { subscribedPatterns } from '../subscriptions/subscribed-patterns.ts';
import type { Transport } from '../transport/transport.ts';

/** What hosts take from their bus. */
export interface EntityPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly registry: EventRegistry;
  readonly transport: Transport;
  readonly factory: EventFactory;
  readonly deadLetters: DeadLetterStore;
  /** Gives events of the log the form that their definitions have now. */
  readonly lift: (event: EventEnvelope) => EventEnvelope;
  /** Publishes one of the bus's own events. */
  readonly announce: (type: string, data: object) => void;
  /** Something has settled: who waits for the bus to be idle wants to look. */
  readonly onSettled: () => void;
  /** Hears of what nobody else hears of. */
  readonly onError: (error: unknown) => void;
}

/** What a kind of entity consists of while it is hosted. */
export interface EntityParts {
  readonly definition: EntityDefinition;
  readonly options: ResolvedEntityHost;
  readonly name: string;
  /** Its states outlive the process with its events; else they are in memory, as these are. */
  readonly kept: boolean;
  readonly store: Store;
  readonly runner: EntityRunner;
  readonly source: EntitySource;
  readonly place: EntityPlace;
  readonly room: EntityRoom;
  readonly work: EntityWork;
  readonly timers: EntityTimers;
  readonly parking: EntityParking;
  readonly commits: EntityCommits;
  readonly failures: EntityFailures;
  readonly answers: EntityAnswers;
  readonly engine: EntityEngine;
}

/** How a kind hears of what its parts cannot do. */
export interface EntityTrouble {
  /** Nothing of a commit was kept; `culprit` has the state that cannot be written. */
  readonly onFailed: (error: unknown, culprit: LiveEntity | undefined) => void;
  readonly onUnreadable: (error: unknown) => void;
}

/**
 * Puts the parts of a kind together: on the store of the bus's transport, or, where that has none, on one in memory.
 *
 * @throws TypeError when the name is taken.
 */
export function entityParts(
  definition: EntityDefinition,
  options: ResolvedEntityHost,
  ports: EntityPorts,
  trouble: EntityTrouble,
): EntityParts {
  const { clock, logger, factory } = ports;
  const { kind } = definition;
  const base = entityBase(definition, ports, (key, signal) => engine.signal(key, signal));
  const { store, runner, source, states, parking, answers } = base;
  const timers = new EntityTimers({
    clock,
    store: store.snapshots,
    bucket: states.timerBucket,
    onDue: () => engine.wake(),
    onError: trouble.onUnreadable,
  });
  const commits: EntityCommits = entityCommits(base, ports, {
    onIndexed: (key, due) => timers.set(key, due),
    onCommitted: () => {
      room.limit(options.maxActive);
      if (commits.pending || answers.waiting || !engine.quiet) engine.wake();
      else ports.onSettled();
    },
    onFailed: trouble.onFailed,
  });
  const steps = new EntitySteps(definition, runner, factory);
  const work = new EntityWork({ steps, states, commits, answers, parking });
  const failures = new EntityFailures({
    ...ports,
    ...options,
    kind,
    parking,
    commits,
    answers,
    resume: (entity) => engine.resume(entity),
    onRoom: () => engine.wake(),
    onOverflow: trouble.onUnreadable,
  });
  const leave = base.kept ? () => true : (entity: LiveEntity) => leaveInMemory(entity, states, store, ports);
  const room = new EntityRoom({ runner, states, leave });
  const engine: EntityEngine = new EntityEngine({
    clock,
    definition,
    source,
    room,
    work,
    timers,
    commits,
    failures,
    onQuiet: ports.onSettled,
    onFault: (message) => logger.error({ entity: kind }, `${kind}: ${message}`),
    onUnreadable: trouble.onUnreadable,
  });
  return { ...base, definition, options, room, work, timers, commits, failures, engine };
}

type EntityBase = Pick<
  EntityParts,
  'name' | 'kept' | 'store' | 'runner' | 'source' | 'place' | 'parking' | 'answers'
> & { readonly states: EntityStates };

/** The parts that stand alone. */
function entityBase(
  definition: EntityDefinition,
  { clock, random, logger, transport, registry, lift }: EntityPorts,
  onSignal: EntityRunnerPorts['onSignal'],
): EntityBase {
  const { kind, on, logic } = definition;
  const name = `entity:${kind}`;
  const patterns = subscribedPatterns('host', on, registry);
  const kept = transport.store !== undefined;
  const { durable, shared } = transport.features;
  if (!kept && (durable || shared)) {
    throw new TypeError(
      `entities cannot be hosted on the ${transport.name} transport, which keeps no states; host them on ` +
        'lmdb({ path }) of breakwater/lmdb, or in memory on memoryTransport()',
    );
  }
  // States stay as long as the bus does: they are its data, not a queue.
  const inMemory = memoryStore({ maxSnapshots: Number.MAX_SAFE_INTEGER, maxEvents: 1 });
  const store = transport.store ?? inMemory({ clock, random });
  const log = (...values: readonly unknown[]): void =>
    logger.info({ entity: kind }, values.map(String).join(' '));
  const runner = logic({ clock, onSignal, log });
  const source = kept
    ? new EntityLogSource(store.log, patterns, lift)
    : new EntityBusSource(transport, clock, name, patterns);
  const states = new EntityStates(definition, runner, store.snapshots);
  const place = new EntityPlace(definition, store, name);
  const parking = new EntityParking(kind, store.snapshots);
  return { name, kept, store, runner, source, states, place, parking, answers: new EntityAnswers() };
}

function entityCommits(
  { kept, store, states, place, answers, name }: EntityBase,
  ports: EntityPorts,
  hears: Pick<EntityCommitsPorts, 'onIndexed' | 'onCommitted' | 'onFailed'>,
): EntityCommits {
  return new EntityCommits({
    ...hears,
    clock: ports.clock,
    states,
    keepsStates: kept,
    commit: kept ? (commit) => store.commit(commit) : (commit) => commitInMemory(commit, store, ports, name),
    cursorWrite: (cursor, revision) => place.write(cursor, revision),
    onKept: ({ key }) => answers.changed(key),
    onReached: (seen) => answers.reached(seen),
  });
}

/** What is emitted is published, and who takes it may take its time: waiting for a kind's own events would be for ever. */
function commitInMemory(
  { events = [], writes = [] }: Commit,
  store: Store,
  { transport, onError, logger }: EntityPorts,
  name: string,
): Committed | Promise<Committed> {
  const failed = (error: unknown): void => {
    logger.error({ error }, `events that ${name} emitted were not taken by all: ${describeError(error)}`);
    onError(error);
  };
  if (events.length > 0) {
    try {
      const published = transport.publish(events);
      if (published instanceof Promise) published.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
  if (writes.length > 0) return store.commit({ writes });
  return { first: undefined, revisions: [], level: 'accepted' };
}

/** An entity that leaves memory is written to the store in memory; one that cannot be stays. */
function leaveInMemory(
  entity: LiveEntity,
  states: EntityStates,
  store: Store,
  { logger }: EntityPorts,
): boolean {
  try {
    const { bucket } = states;
    if (entity.state === undefined) return true;
    void store.snapshots.write({ bucket, key: entity.key, value: states.encode(entity) });
    return true;
  } catch (error) {
    if (!entity.stays)
      logger.error({ key: entity.key, error }, `an entity cannot leave memory: ${describeError(error)}`);
    entity.stays = true;
    return false;
  }
}
