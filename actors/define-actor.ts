import type { StandardSchemaV1 } from '@standard-schema/spec';
import { defineRequest, type RequestDefinition } from '../streams/event/define-request.ts';
import { describeValue } from '../streams/event/describe-value.ts';

/** What an actor takes and what it shows, where others reach it. */
export interface DefineActorOptions<Signal extends StandardSchemaV1, View extends StandardSchemaV1> {
  /** The signals that it takes from elsewhere. */
  readonly signal: Signal;
  /** What it shows: plain data. */
  readonly view: View;
}

/** How an actor is at one moment, for who watches it. */
export interface ActorFrame {
  /** Which actor of that name it is; another one begins anew. */
  readonly run: string;
  /** Counted up with each snapshot. */
  readonly version: number;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** Absent when nothing has changed since what the watcher has. */
  readonly view?: unknown;
}

/** What a watcher has seen, and how long it waits for more. */
export interface ActorPoll {
  readonly run: string;
  readonly version: number;
  readonly waitMs: number;
}

/** An actor that has a name in a cluster: made by `defineActor`, for `bus.expose` and `bus.actor`. */
export interface ActorDefinition<
  SignalInput = unknown,
  Signal = unknown,
  ViewInput = unknown,
  View = unknown,
> {
  readonly name: string;
  readonly send: RequestDefinition<string, SignalInput, Signal>;
  readonly watch: RequestDefinition<string, ActorPoll, ActorPoll, ActorFrame, ActorFrame>;
  /** Only a type: what is shown, as it is given and as it is read. */
  readonly types?: { readonly viewInput: ViewInput; readonly view: View };
}

const definitions = new WeakSet<object>();

/**
 * Defines what an actor of that name takes and shows, for the process that has it and for those that reach it.
 *
 * Signals are checked on both sides, and so are views; what is private to the actor stays so.
 *
 * @throws TypeError or ValidationError for a name that is not one to four tokens of letters, digits, `_` and `-`.
 *
 * @example
 * ```ts
 * const kitchen = defineActor('kitchen', {
 *   signal: z.object({ type: z.literal('cook'), dish: z.string() }),
 *   view: z.object({ dishes: z.array(z.string()) }),
 * });
 * kitchen.name; // => 'kitchen'
 * ```
 */
export function defineActor<Signal extends StandardSchemaV1, View extends StandardSchemaV1>(
  name: string,
  options: DefineActorOptions<Signal, View>,
): ActorDefinition<
  StandardSchemaV1.InferInput<Signal>,
  StandardSchemaV1.InferOutput<Signal>,
  StandardSchemaV1.InferInput<View>,
  StandardSchemaV1.InferOutput<View>
> {
  if (typeof name !== 'string' || !/^[\w-]{1,64}(?:\.[\w-]{1,64}){0,3}$/.test(name)) {
    throw new TypeError(
      `name of an actor must be one to four tokens of 1 to 64 letters, digits, _ or -, joined by dots; got ${describeValue(name)}`,
    );
  }
  const definition = {
    name,
    send: defineRequest(`actor.${name}.send`, { request: options.signal, reply: anything }),
    watch: defineRequest(`actor.${name}.watch`, { request: pollSchema, reply: frameSchema(options.view) }),
  };
  definitions.add(definition);
  return definition;
}

/** Whether a value is what `defineActor` gives. */
export function isActorDefinition(value: unknown): value is ActorDefinition {
  return typeof value === 'object' && value !== null && definitions.has(value);
}

type Judged<T> = StandardSchemaV1.Result<T>;

function schemaOf<T>(validate: (value: unknown) => Judged<T> | Promise<Judged<T>>): StandardSchemaV1<T, T> {
  return { '~standard': { version: 1, vendor: 'breakwater', validate } };
}

const anything = schemaOf<unknown>((value) => ({ value }));

const pollSchema = schemaOf<ActorPoll>((value) => {
  const { run, version, waitMs } = recordOf(value);
  if (typeof run !== 'string' || run.length > 64) return wrong('run');
  if (!isCount(version)) return wrong('version');
  if (!isCount(waitMs) || waitMs > 60_000) return wrong('waitMs');
  return { value: { run, version, waitMs } };
});

function frameSchema(schema: StandardSchemaV1): StandardSchemaV1<ActorFrame, ActorFrame> {
  return schemaOf<ActorFrame>((value) => {
    const frame = recordOf(value);
    const { run, version, status } = frame;
    if (typeof run !== 'string' || run === '' || run.length > 64) return wrong('run');
    if (!isCount(version)) return wrong('version');
    if (!isStatus(status)) return wrong('status');
    if (!('view' in frame)) return { value: { run, version, status } };
    const judged = schema['~standard'].validate(frame['view']);
    const framed = (result: Judged<unknown>): Judged<ActorFrame> =>
      result.issues === undefined
        ? { value: { run, version, status, view: result.value } }
        : { issues: result.issues.map((issue) => ({ ...issue, path: ['view', ...(issue.path ?? [])] })) };
    return judged instanceof Promise ? judged.then(framed) : framed(judged);
  });
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isStatus(value: unknown): value is ActorFrame['status'] {
  return value === 'active' || value === 'done' || value === 'error' || value === 'stopped';
}

function wrong(member: string): Judged<never> {
  return { issues: [{ message: 'is not what it should be', path: [member] }] };
}
