import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { planAction, type PlannedAction } from './planned-action.ts';

/** A transition of a machine's configuration. */
export type Transition = ReturnType<AnyStateMachine['getTransitionData']>[number];

/** A transition, worked out. */
export interface TransitionPlan {
  readonly actions: readonly PlannedAction[];
  /** The states after it; undefined when they are those before. */
  readonly nodes: readonly AnyStateNode[] | undefined;
}

/** States that a machine is in together: the root, and one inside the other down to one that has none. */
export interface MachinePlace {
  readonly nodes: readonly AnyStateNode[];
  /** Whether the type of an event alone decides which transition it makes. */
  readonly unguarded: boolean;
}

/** The place whose innermost state that is; undefined where XState has to look at each event. */
export function placeAt(innermost: AnyStateNode): MachinePlace | undefined {
  const nodes = pathTo(innermost);
  if (innermost.type !== 'atomic' || nodes.some(needsXState)) return undefined;
  return { nodes, unguarded: !nodes.some(hasGuards) };
}

/** What a transition does when it is made in a place; undefined for what XState has to work out. */
export function planTransition(place: MachinePlace, transition: Transition): TransitionPlan | undefined {
  const { target } = transition;
  const steps = target === undefined || target.length === 0 ? stay(transition) : move(place, transition);
  if (steps === undefined) return undefined;
  const { machine } = transition.source as AnyStateNode;
  const actions: PlannedAction[] = [];
  for (const configured of steps.actions) {
    const action = planAction(machine, configured);
    if (action === undefined) return undefined;
    actions.push(action);
  }
  return { actions, nodes: steps.nodes };
}

interface Steps {
  readonly actions: readonly unknown[];
  readonly nodes: readonly AnyStateNode[] | undefined;
}

function stay({ actions }: Transition): Steps {
  return { actions, nodes: undefined };
}

/** What is left and entered: all states below the innermost one that holds both the source and the target. */
function move(place: MachinePlace, transition: Transition): Steps | undefined {
  // Several targets are in parallel states, where there are no plans.
  const [target] = transition.target as readonly AnyStateNode[];
  if (target === undefined || placeAt(target) === undefined) return undefined;
  const path = pathTo(target);
  const depth = depthOfDomain(path, transition);
  if (depth === undefined) return undefined;
  const left = place.nodes.slice(depth + 1);
  const entered = path.slice(depth + 1);
  if (left.some(hasCompany) || entered.some(hasCompany)) return undefined;
  const exits = left.toReversed().flatMap(({ exit }) => exit);
  const entries = entered.flatMap(({ entry }) => entry);
  const actions: readonly unknown[] = [...exits, ...transition.actions, ...entries];
  return { actions, nodes: target === place.nodes.at(-1) ? undefined : path };
}

/** Where on the path to the target the state stands that is not left. */
function depthOfDomain(path: readonly AnyStateNode[], { source, reenter }: Transition): number | undefined {
  const at = path.indexOf(source as AnyStateNode);
  if (at >= 0 && !reenter) return at;
  const around = pathTo(source as AnyStateNode).slice(0, -1);
  let depth = -1;
  while (depth + 1 < around.length && around[depth + 1] === path[depth + 1]) depth += 1;
  return depth < 0 ? undefined : depth;
}

/** From the root to a state. */
function pathTo(node: AnyStateNode): AnyStateNode[] {
  const path: AnyStateNode[] = [];
  for (let at: AnyStateNode | undefined = node; at !== undefined; at = at.parent) path.unshift(at);
  return path;
}

/** More may happen in it, or around it, than the transition of an event. */
function needsXState({ type, always }: AnyStateNode): boolean {
  return (type !== 'atomic' && type !== 'compound') || (always !== undefined && always.length > 0);
}

function hasGuards({ transitions }: AnyStateNode): boolean {
  for (const candidates of transitions.values()) {
    if (candidates.some(({ guard }) => guard !== undefined)) return true;
  }
  return false;
}

/** Children start and stop with it, or its history is kept. */
function hasCompany({ invoke, states }: AnyStateNode): boolean {
  return invoke.length > 0 || Object.values(states).some(({ type }) => type === 'history');
}
