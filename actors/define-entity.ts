import type { AnyStateMachine, EventFrom, InputFrom, SnapshotFrom } from 'xstate';
import {
  isDefinition,
  type AnyEventDefinition,
  type EventDefinition,
} from '../streams/event/define-event.ts';
import { describeValue } from '../streams/event/describe-value.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import { isGlob, type GlobPattern } from '../streams/event/glob.ts';
import { foldLogic, type EntityFold } from './entity-fold.ts';
import type { EntityLogic, EntitySignal } from './entity-logic.ts';
import { machineLogic } from './entity-machine.ts';
import { refuseInlineChildren } from './inline-children.ts';

/** What an entity listens to: a definition, a pattern, or a glob. */
export type EntitySubject = string | GlobPattern | AnyEventDefinition;

/** The event of one subject; of a pattern, members of the payload are unknown. */
type EventOn<Subject> =
  Subject extends EventDefinition<infer Type, infer _Input, infer Data>
    ? EventEnvelope<Data, Type>
    : EventEnvelope<PatternData>;

/** A payload that no definition describes. */
export interface PatternData {
  readonly [member: string]: unknown;
}

/** The events of a kind of entity. */
export type EntityEvent<On extends readonly EntitySubject[]> = EventOn<On[number]>;

/** What a key selector gives: text where all payloads are defined, else whatever a payload holds. */
type KeyFrom<On extends readonly EntitySubject[]> = On[number] extends AnyEventDefinition
  ? string | undefined
  : unknown;

/** How a kind of entity gets its events, and keeps its states. */
export interface EntityOptions<On extends readonly EntitySubject[] = readonly EntitySubject[]> {
  /** What it listens to. */
  readonly on: On;
  /**
   * Which entity an event is for, 1 to 440 characters; undefined for none. Must always give the same for the
   * same event. Default: the event's `key`.
   */
  readonly key?: (event: EntityEvent<On>) => KeyFrom<On>;
  /** Version of the states that are kept, from 1. Default `1`. */
  readonly version?: number;
  /** How to lift a kept state of version n to n + 1, for each n below `version` that may still be there. */
  readonly migrate?: Readonly<Record<number, (state: KeptState) => unknown>>;
}

/** A state as it was kept: a fold's own, or of a machine `{ status, value, context, … }`. */
export type KeptState = {
  readonly value?: unknown;
  readonly context?: PatternData;
  readonly [member: string]: unknown;
};

/** How a kind of entity uses its machine. */
export type MachineEntityOptions<
  Machine extends AnyStateMachine,
  On extends readonly EntitySubject[],
> = EntityOptions<On> & {
  /** Makes the machine's signal of an event; undefined for none. Default: the event itself, by its type. */
  readonly toSignal?: (event: EntityEvent<On>) => EventFrom<Machine> | undefined;
} & MachineInput<Machine>;

/** A machine whose input is more than the key needs to be told how it is made. */
type MachineInput<Machine extends AnyStateMachine> =
  { readonly key: string } extends InputFrom<Machine>
    ? { readonly input?: (key: string) => InputFrom<Machine> }
    : { readonly input: (key: string) => InputFrom<Machine> };

/** A kind of entity: made by `defineEntity`, run by `bus.host`. */
export interface EntityDefinition<View = unknown, Kind extends string = string> {
  readonly kind: Kind;
  readonly on: readonly EntitySubject[];
  readonly version: number;
  readonly migrate: Readonly<Record<number, (state: KeptState) => unknown>>;
  readonly logic: EntityLogic;
  /** Which entity an event is for: text, or undefined; anything else is a mistake of the selector. */
  keyOf(this: void, event: EventEnvelope): unknown;
  /** What a machine or fold gets for an event. */
  signalOf(this: void, event: EventEnvelope): EntitySignal | undefined;
  /** Only a type: what `ask` and `snapshot$` show. */
  readonly view?: View;
}

/** Marks what `defineEntity` made. */
const definitions = new WeakSet<object>();

/**
 * Defines a kind of entity: one durable, single-threaded state machine for each key, or a fold of its events.
 *
 * The machine gets each event of its key once, in the order of the log; what it `emit`s, drafts of events among it,
 * is published with the event as its cause, once. Its `after` delays outlive the process. Actions must leave the
 * context as it is (`assign` makes a new one) and may run again after a crash: effects that must happen once belong
 * in an event. Context and state must be plain data.
 *
 * @throws TypeError or RangeError for options that make no sense, and for children without a name.
 * @example
 * ```ts no-run
 * const cart = defineEntity(
 *   'cart',
 *   { initial: { items: 0 }, fold: (state, event) => ({ items: state.items + event.data.count }) },
 *   { on: [itemAdded] },
 * );
 * bus.host(cart);
 * await bus.entity(cart, '42').ask((state) => state.items);
 * ```
 */
export function defineEntity<
  const Kind extends string,
  Machine extends AnyStateMachine,
  const On extends readonly EntitySubject[],
>(
  kind: Kind,
  machine: Machine,
  options: MachineEntityOptions<Machine, On>,
): EntityDefinition<SnapshotFrom<Machine>, Kind>;
export function defineEntity<const Kind extends string, State, const On extends readonly EntitySubject[]>(
  kind: Kind,
  fold: EntityFold<State, EntityEvent<On>>,
  options: EntityOptions<On>,
): EntityDefinition<State, Kind>;
export function defineEntity(
  kind: string,
  behaviour: AnyStateMachine | EntityFold<unknown, never>,
  options: EntityOptions & { readonly toSignal?: unknown; readonly input?: unknown },
): EntityDefinition {
  checkKind(kind);
  checkEntityOptions(kind, options, isMachine(behaviour));
  const { on, version = 1, migrate = {}, key, toSignal } = options;
  const definition: EntityDefinition = {
    kind,
    on: [...on],
    version,
    migrate,
    logic: logicOf(kind, behaviour, options.input),
    keyOf: (key as ((event: EventEnvelope) => unknown) | undefined) ?? ((event) => event.key),
    signalOf: (toSignal as EntityDefinition['signalOf'] | undefined) ?? ((event) => event),
  };
  definitions.add(definition);
  return definition;
}

/** Whether a value is what `defineEntity` gives. */
export function isEntityDefinition(value: unknown): value is EntityDefinition {
  return typeof value === 'object' && value !== null && definitions.has(value);
}

function logicOf(
  kind: string,
  behaviour: AnyStateMachine | EntityFold<unknown, never>,
  input: unknown,
): EntityLogic {
  if (isMachine(behaviour)) {
    refuseInlineChildren(kind, behaviour);
    const makeInput = (input as ((key: string) => unknown) | undefined) ?? ((key: string) => ({ key }));
    return machineLogic({ kind, machine: behaviour, input: makeInput });
  }
  if (typeof behaviour !== 'object' || behaviour === null || typeof behaviour.fold !== 'function') {
    throw new TypeError(
      `entity ${kind} must be a state machine, or { initial, fold }; got ${describeValue(behaviour)}`,
    );
  }
  if (!('initial' in behaviour) || behaviour.initial === undefined) {
    throw new TypeError(`entity ${kind} needs the initial state of its fold`);
  }
  return foldLogic(behaviour);
}

function isMachine(value: unknown): value is AnyStateMachine {
  return (
    typeof value === 'object' && value !== null && 'getInitialSnapshot' in value && 'implementations' in value
  );
}

function checkKind(kind: unknown): void {
  if (typeof kind === 'string' && /^[\w-]{1,64}$/.test(kind)) return;
  throw new TypeError(
    `kind of an entity must be 1 to 64 letters, digits, _ or -; got ${describeValue(kind)}`,
  );
}

const shared = ['on', 'key', 'version', 'migrate'];

function checkEntityOptions(
  kind: string,
  options: unknown,
  machine: boolean,
): asserts options is EntityOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`entity ${kind} needs options that say what it is on, got ${describeValue(options)}`);
  }
  const names = machine ? [...shared, 'toSignal', 'input'] : shared;
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    throw new TypeError(
      `${describeValue(name)} is not an option of entity ${kind}; there are ${names.join(', ')}`,
    );
  }
  const { on, version = 1, migrate = {} } = options as Partial<EntityOptions>;
  if (!Array.isArray(on) || on.length === 0 || !on.every(isSubject)) {
    throw new TypeError(
      `on of entity ${kind} must be an array of definitions and patterns, at least one; got ${describeValue(on)}`,
    );
  }
  for (const name of ['key', 'toSignal', 'input'] as const) {
    const value: unknown = Reflect.get(options, name);
    if (value === undefined || typeof value === 'function') continue;
    throw new TypeError(`${name} of entity ${kind} must be a function, got ${describeValue(value)}`);
  }
  if (!(Number.isSafeInteger(version) && version >= 1)) {
    throw new RangeError(
      `version of entity ${kind} must be an integer of at least 1, got ${describeValue(version)}`,
    );
  }
  if (
    typeof migrate !== 'object' ||
    migrate === null ||
    !Object.values(migrate).every((lift) => typeof lift === 'function')
  ) {
    throw new TypeError(
      `migrate of entity ${kind} must be functions by version, as { 1: (state) => … }; got ${describeValue(migrate)}`,
    );
  }
}

function isSubject(value: unknown): value is EntitySubject {
  return typeof value === 'string' || isDefinition(value) || isGlob(value);
}
