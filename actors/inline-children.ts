import type { AnyStateMachine } from 'xstate';

/** The parts of a state's configuration that may start children. */
interface StateConfig {
  readonly invoke?: unknown;
  readonly states?: Readonly<Record<string, StateConfig>>;
  readonly [member: string]: unknown;
}

/**
 * Refuses a machine whose children cannot be restored: those whose logic stands in the machine itself.
 *
 * A snapshot says of a child which logic it runs, by name. Logic without a name would come back as nothing, and the
 * machine would wait for it for ever. What `assign` spawns is seen only when it runs: `persist` refuses it then.
 *
 * @throws TypeError that names the state and shows how to name the child.
 */
export function refuseInlineChildren(kind: string, machine: AnyStateMachine): void {
  refuseIn(kind, machine.id, machine.config as StateConfig);
  const { actions } = machine.implementations;
  for (const [name, action] of Object.entries(actions)) refuseSpawn(kind, `action ${name}`, action);
}

function refuseIn(kind: string, path: string, state: StateConfig): void {
  for (const invoke of listOf(state.invoke)) {
    const { src, systemId } = invoke as { readonly src?: unknown; readonly systemId?: unknown };
    if (typeof src !== 'string') throw inlineError(kind, `state ${path} invokes`);
    if (systemId !== undefined) {
      throw new TypeError(
        `entity ${kind}: state ${path} gives ${src} the system id ${JSON.stringify(systemId)}, which only one entity ` +
          'could have; leave systemId out, children are reached by their id',
      );
    }
  }
  for (const [member, value] of Object.entries(state)) {
    if (member !== 'states' && member !== 'context' && member !== 'meta') refuseSpawns(kind, path, value, 8);
  }
  for (const [name, child] of Object.entries(state.states ?? {})) refuseIn(kind, `${path}.${name}`, child);
}

/** Actions stand at several depths of entry, exit, on, after, always, invoke and initial. */
function refuseSpawns(kind: string, path: string, value: unknown, depth: number): void {
  refuseSpawn(kind, `state ${path}`, value);
  if (typeof value !== 'object' || value === null || depth === 0) return;
  for (const member of Object.values(value)) refuseSpawns(kind, path, member, depth - 1);
}

function refuseSpawn(kind: string, where: string, action: unknown): void {
  if (typeof action !== 'function' || !('type' in action) || action.type !== 'xstate.spawnChild') return;
  if (!('src' in action) || typeof action.src !== 'string') throw inlineError(kind, `${where} spawns`);
}

/** What is wrong with a child whose logic has no name, and how to mend it. */
export function inlineError(kind: string, where: string): TypeError {
  return new TypeError(
    `entity ${kind}: ${where} a child whose logic has no name, so no snapshot could bring it back; name it: ` +
      "setup({ actors: { charge: fromPromise(…) } }).createMachine({ … invoke: { src: 'charge' } … })",
  );
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
