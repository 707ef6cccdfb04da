import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import type { EntitySignal } from './entity-logic.ts';
import { withContext } from './machine-snapshot.ts';

/** An action as XState has it: a function of the user's, or one of XState's that says how it is resolved. */
interface Action {
  (info: object, params: unknown): void;
  readonly type?: string;
  readonly assignment?: Assignment;
  readonly delay?: unknown;
  readonly resolve?: (
    scope: AnyActorScope,
    snapshot: AnyMachineSnapshot,
    info: object,
    params: unknown,
    action: Action,
    extra: object,
  ) => readonly [AnyMachineSnapshot, unknown, unknown];
  readonly execute?: (scope: AnyActorScope, params: unknown) => void;
}

type Assigner = (args: object, params: unknown) => unknown;
type Assignment = Assigner | Readonly<Record<string, unknown>>;

/** An action of a transition, looked up. */
export interface PlannedAction {
  readonly kind: 'assign' | 'own' | 'builtin';
  readonly action: Action;
  /** What the configuration gives it, or how that is found out. */
  readonly params: unknown;
  /** What an assigner gets to spawn with: notes that it does, and stops it. */
  readonly spawn: () => never;
  /** It spawns: XState's own way is taken. */
  spawns: boolean;
}

/** XState's own actions that depend on their arguments alone, and change nothing of the machine. */
const plainBuiltins = new Set(['xstate.emit', 'xstate.log', 'xstate.cancel']);
/** Where events are raised without a delay; such actions are not planned. */
const extra = { internalQueue: [], deferredActorIds: undefined };

/** What is to be run for an action of a machine's configuration; undefined for what XState has to run. */
export function planAction(machine: AnyStateMachine, configured: unknown): PlannedAction | undefined {
  const { actions, delays } = machine.implementations as {
    readonly actions: Readonly<Record<string, Action | undefined>>;
    readonly delays: Readonly<Record<string, unknown>>;
  };
  if (typeof configured === 'function') return planFound(configured as Action, undefined, delays);
  if (typeof configured === 'string') return planFound(actions[configured], undefined, delays);
  const { type, params } = configured as { readonly type: string; readonly params?: unknown };
  return planFound(actions[type], params, delays);
}

function planFound(
  action: Action | undefined,
  params: unknown,
  delays: Readonly<Record<string, unknown>>,
): PlannedAction | undefined {
  if (typeof action !== 'function') return undefined;
  const { type = '', resolve, execute, assignment, delay } = action;
  const spawn = (): never => {
    planned.spawns = true;
    throw new Error('what spawns is resolved by XState');
  };
  const plan = (kind: PlannedAction['kind']): PlannedAction => ({
    kind,
    action,
    params,
    spawn,
    spawns: false,
  });
  let planned = plan('own');
  if (!('resolve' in action)) return planned;
  if (typeof resolve !== 'function') return undefined;
  if (type === 'xstate.assign' && assignment !== undefined) {
    planned = plan('assign');
    return planned;
  }
  const moment = typeof delay === 'string' ? delays[delay] : delay;
  const delayed = type === 'xstate.raise' && typeof moment === 'number';
  if (typeof execute !== 'function' || !(delayed || plainBuiltins.has(type))) return undefined;
  return plan('builtin');
}

/** Runs an action as XState does, and gives the snapshot after it. @throws what the action threw */
export function runAction(
  planned: PlannedAction,
  snapshot: AnyMachineSnapshot,
  event: EntitySignal,
  scope: AnyActorScope,
): AnyMachineSnapshot {
  const { kind, action, params: given } = planned;
  const { context } = snapshot as { readonly context: object | undefined };
  const params: unknown =
    typeof given === 'function' ? (given as (args: object) => unknown)({ context, event }) : given;
  if (kind === 'assign' && !planned.spawns && context !== undefined) {
    const assigned = assign(planned, context, event, params, scope);
    if (assigned !== undefined) return withContext(snapshot, assigned);
  }
  const info = { context, event, self: scope.self, system: scope.system };
  if (kind === 'own') {
    scope.actionExecutor({ type: '', info, params, exec: action } as never);
    return snapshot;
  }
  const { resolve, execute } = action as Required<Action>;
  const [next, resolved] = resolve(scope, snapshot, info, params, action, extra);
  if (kind === 'builtin') {
    const exec = (): void => execute(scope, resolved);
    scope.actionExecutor({ type: '', info, params: resolved, exec } as never);
  }
  return next;
}

/** The context after an assignment; undefined when that wants to spawn. */
function assign(
  planned: PlannedAction,
  context: object,
  event: EntitySignal,
  params: unknown,
  { self, system }: AnyActorScope,
): object | undefined {
  const { action, spawn } = planned;
  const assignment = action.assignment as Assignment;
  const args = { context, event, spawn, self, system };
  try {
    const update =
      typeof assignment === 'function' ? assignment(args, params) : members(assignment, args, params);
    if (!planned.spawns) return Object.assign({}, context, update);
  } catch (error) {
    if (!planned.spawns) throw error;
  }
  return undefined;
}

function members(
  assignment: Readonly<Record<string, unknown>>,
  args: object,
  params: unknown,
): Readonly<Record<string, unknown>> {
  const update: Record<string, unknown> = {};
  for (const key of Object.keys(assignment)) {
    const member = assignment[key];
    update[key] = typeof member === 'function' ? (member as Assigner)(args, params) : member;
  }
  return update;
}
