import type { AnyMachineSnapshot, AnyStateNode } from 'xstate';

/** The members of a snapshot as XState makes them, in its order: objects of one shape are faster to read. */
const members = [
  'status',
  'output',
  'error',
  'machine',
  'context',
  '_nodes',
  'value',
  'tags',
  'children',
  'historyValue',
  'matches',
  'hasTag',
  'can',
  'getMeta',
  'toJSON',
].join();

/** Whether a snapshot has the members that are known here, and no others: a later XState may have more. */
export function isKnownSnapshot(snapshot: AnyMachineSnapshot): boolean {
  return Object.keys(snapshot).join() === members;
}

/** A snapshot after an assignment. */
export function withContext(snapshot: AnyMachineSnapshot, context: object): AnyMachineSnapshot {
  const { _nodes, value, tags } = snapshot as AnyMachineSnapshot & { readonly tags: Set<string> };
  return copyOf(snapshot, context, _nodes as AnyStateNode[], value, tags);
}

/** A snapshot after a move to other states: from the root to the innermost, each inside the one before. */
export function withNodes(snapshot: AnyMachineSnapshot, nodes: readonly AnyStateNode[]): AnyMachineSnapshot {
  const { context } = snapshot as { readonly context: object };
  const tags = new Set<string>();
  for (const node of nodes) for (const tag of node.tags) tags.add(tag);
  // Never changed by XState, so all snapshots of these states may share it.
  return copyOf(snapshot, context, nodes as AnyStateNode[], valueOf(nodes), tags);
}

function copyOf(
  snapshot: AnyMachineSnapshot,
  context: object,
  _nodes: AnyStateNode[],
  value: unknown,
  tags: Set<string>,
): AnyMachineSnapshot {
  const { status, output, error, machine, children, historyValue } = snapshot;
  const { matches, hasTag, can, getMeta, toJSON } = snapshot;
  const copy = {
    status,
    output,
    error,
    machine,
    context,
    _nodes,
    value,
    tags,
    children,
    historyValue,
    matches,
    hasTag,
    can,
    getMeta,
    toJSON,
  };
  return copy as AnyMachineSnapshot;
}

/** `'a'`, or `{ a: 'b' }` for a state b inside of a. */
function valueOf(nodes: readonly AnyStateNode[]): unknown {
  let value: unknown = nodes.at(-1)?.key;
  for (let at = nodes.length - 2; at > 0; at -= 1) value = { [nodes[at]?.key ?? '']: value };
  return value;
}

/** What XState's `getPersistedSnapshot` gives, of a machine that has no children; undefined for any other. */
export function persistChildless(snapshot: AnyMachineSnapshot): object | undefined {
  const { status, output, error, value, historyValue, context, children } = snapshot as AnyMachineSnapshot & {
    readonly context: object;
  };
  if (!isEmpty(children as object) || !isEmpty(historyValue) || holdsActor(context)) return undefined;
  return { status, output, error, value, historyValue: {}, context, children: {} };
}

function isEmpty(members: object): boolean {
  for (const _ in members) return false;
  return true;
}

/** A ref of an actor, which XState keeps as its id. */
function holdsActor(part: object): boolean {
  for (const key in part) {
    const value: unknown = (part as Readonly<Record<string, unknown>>)[key];
    if (typeof value !== 'object' || value === null) continue;
    if (('sessionId' in value && 'send' in value && 'ref' in value) || holdsActor(value)) return true;
  }
  return false;
}
