import type { EntityDefinition } from '../../actors/define-entity.ts';
import type { EntityRunner, EntityRunnerPorts } from '../../actors/entity-logic.ts';
import type { Clock } from '../../streams/event/clock.ts';
import { describeError } from '../../streams/event/describe-error.ts';
import { EntityAnswers } from './entity-answers.ts';
import { EntityCommits, type EntityCommitsPorts } from './entity-commits.ts';
import { EntityEngine } from './entity-engine.ts';
import { EntityFailures } from './entity-failures.ts';
import type { EntityHome } from './entity-home.ts';
import type { ResolvedEntityHost } from './entity-options.ts';
import { EntityParking } from './entity-parking.ts';
import type { EntityPorts } from './entity-ports.ts';
import { EntityRoom } from './entity-room.ts';
import { EntityStates, type OnUnpublished } from './entity-states.ts';
import { EntitySteps } from './entity-steps.ts';
import type { EntityStore } from './entity-store.ts';
import { EntityTimers, type EntityTimersPorts } from './entity-timers.ts';
import { EntityWork } from './entity-work.ts';
import type { LiveEntity } from './live-entity.ts';
import type { Logger } from '../logger.ts';

/** What a kind of entity consists of while it is hosted. */
export interface EntityParts {
  readonly definition: EntityDefinition;
  readonly options: ResolvedEntityHost;
  readonly home: EntityHome;
  readonly runner: EntityRunner;
  readonly states: EntityStates;
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

/** Puts the parts of a kind together. */
export function entityParts(
  definition: EntityDefinition,
  options: ResolvedEntityHost,
  home: EntityHome,
  ports: EntityPorts,
  trouble: EntityTrouble,
): EntityParts {
  const { clock, logger, factory } = ports;
  const { store, kept } = home;
  const base = entityBase(definition, home, ports, {
    onSignal: (key, signal) => engine.signal(key, signal),
    onUnpublished: (entity) => {
      commits.mark(entity);
      engine.wake();
    },
  });
  const { kind } = definition;
  const { runner, states, answers } = base;
  const timers = entityTimers(base, clock, { onDue: () => engine.wake(), onError: trouble.onUnreadable });
  const commits: EntityCommits = entityCommits(base, clock, {
    onIndexed: (key, due) => timers.set(key, due),
    onCommitted: () => {
      room.limit(options.maxActive);
      if (commits.pending || answers.waiting || !engine.quiet) engine.wake();
      else ports.onSettled();
    },
    onFailed: trouble.onFailed,
  });
  const steps = new EntitySteps(definition, runner, factory);
  const work = new EntityWork({ ...base, steps, commits });
  const failures = new EntityFailures({
    ...ports,
    ...options,
    ...base,
    kind,
    commits,
    deadLetters: home.deadLetters,
    resume: (entity) => engine.resume(entity),
    onRoom: () => engine.wake(),
    onOverflow: trouble.onUnreadable,
  });
  const leave = kept ? () => true : (entity: LiveEntity) => leaveInMemory(entity, states, store, logger);
  const room = new EntityRoom({ runner, states, leave, stands: (key) => base.parking.has(key) });
  const engine: EntityEngine = new EntityEngine({
    clock,
    definition,
    room,
    work,
    timers,
    commits,
    failures,
    source: home.source,
    onQuiet: ports.onSettled,
    onFault: (message) => logger.error({ entity: kind }, `${kind}: ${message}`),
    onUnreadable: trouble.onUnreadable,
  });
  return { ...base, definition, options, room, work, timers, commits, failures, engine };
}

type EntityBase = Pick<EntityParts, 'home' | 'runner' | 'states' | 'parking' | 'answers'>;

/** The parts that stand alone. */
function entityBase(
  definition: EntityDefinition,
  home: EntityHome,
  { clock, logger }: EntityPorts,
  hears: Pick<EntityRunnerPorts, 'onSignal'> & { readonly onUnpublished: OnUnpublished },
): EntityBase {
  const { kind, logic } = definition;
  const { store, part, outbox } = home;
  const log = (...values: readonly unknown[]): void =>
    logger.info({ entity: kind }, values.map(String).join(' '));
  const runner = logic({ clock, onSignal: hears.onSignal, log });
  const states = new EntityStates(
    definition,
    runner,
    { snapshots: store.snapshots, part, outbox },
    hears.onUnpublished,
  );
  const parking = new EntityParking(kind, part, store.snapshots);
  return { home, runner, states, parking, answers: new EntityAnswers() };
}

function entityTimers(
  { home, states }: EntityBase,
  clock: Clock,
  hears: Pick<EntityTimersPorts, 'onDue' | 'onError'>,
): EntityTimers {
  return new EntityTimers({ ...hears, clock, store: home.store.snapshots, bucket: states.timerBucket });
}

function entityCommits(
  { home, states, answers }: EntityBase,
  clock: Clock,
  hears: Pick<EntityCommitsPorts, 'onIndexed' | 'onCommitted' | 'onFailed'>,
): EntityCommits {
  const { store, kept, outbox, cursorWrite, onAdvanced } = home;
  return new EntityCommits({
    ...hears,
    clock,
    states,
    outbox,
    cursorWrite,
    onAdvanced,
    keepsStates: kept,
    commit: (commit) => store.commit(commit),
    onKept: ({ key }) => answers.changed(key),
    onReached: (seen) => answers.reached(seen),
  });
}

/** An entity that leaves memory is written to the store in memory; one that cannot be stays. */
function leaveInMemory(
  entity: LiveEntity,
  states: EntityStates,
  { snapshots }: EntityStore,
  logger: Logger,
): boolean {
  try {
    const { bucket } = states;
    if (entity.state === undefined) return true;
    void snapshots.write({ bucket, key: entity.key, value: states.encode(entity) });
    return true;
  } catch (error) {
    if (!entity.stays)
      logger.error({ key: entity.key, error }, `an entity cannot leave memory: ${describeError(error)}`);
    entity.stays = true;
    return false;
  }
}
