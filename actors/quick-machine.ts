import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';
import type { EntitySignal } from './entity-logic.ts';
import {
  placeAt,
  planTransition,
  type MachinePlace,
  type Transition,
  type TransitionPlan,
} from './machine-place.ts';
import { isKnownSnapshot, persistChildless, withNodes } from './machine-snapshot.ts';
import { runAction } from './planned-action.ts';

/** What an event does: a plan, nothing, or what XState has to work out. */
type Answer = TransitionPlan | 'nothing' | 'unplanned';

interface KnownPlace extends MachinePlace {
  readonly byType: Map<string, Answer>;
  readonly byTransition: Map<Transition, Answer>;
}

/** Types of events that are remembered of a place: a kind that listens to a pattern may see any number of them. */
const mostTypes = 256;

/**
 * Makes the transitions of a machine, the usual ones without XState's interpreter.
 *
 * XState works out at each event which states are left and entered, though that depends on the transition and on the
 * states that the machine is in. Here it is worked out once, where all is plain: states one inside the other, none of
 * them parallel, final, with a history or with `always`; one target without states inside; actions that assign, emit,
 * log, cancel, raise later, or are functions. All else is left to XState. Both give the same: a law holds it.
 */
export class QuickMachine {
  readonly #machine: AnyStateMachine;
  /** By the innermost state. Undefined: XState has to look at each event there. */
  readonly #places = new Map<AnyStateNode, KnownPlace | undefined>();
  /** Whether snapshots have the form that is known here; undefined before the first. */
  #known: boolean | undefined;

  constructor(machine: AnyStateMachine) {
    this.#machine = machine;
  }

  /** As `machine.transition`, for an active machine. @throws whatever the machine threw. */
  transition(snapshot: AnyMachineSnapshot, signal: EntitySignal, scope: AnyActorScope): AnyMachineSnapshot {
    const answer = this.#answer(snapshot, signal);
    if (answer === 'nothing') return snapshot;
    if (answer === 'unplanned') return this.#machine.transition(snapshot, signal, scope);
    let next = snapshot;
    for (const action of answer.actions) next = runAction(action, next, signal, scope);
    return answer.nodes === undefined ? next : withNodes(next, answer.nodes);
  }

  /** As `machine.getPersistedSnapshot`. */
  persist(snapshot: AnyMachineSnapshot): unknown {
    this.#known ??= isKnownSnapshot(snapshot);
    const plain = this.#known ? persistChildless(snapshot) : undefined;
    return plain ?? this.#machine.getPersistedSnapshot(snapshot);
  }

  #answer(snapshot: AnyMachineSnapshot, signal: EntitySignal): Answer {
    const { type } = signal;
    const place = this.#placeOf(snapshot);
    if (place === undefined) return 'unplanned';
    const known = place.byType.get(type);
    if (known !== undefined) return known;
    // What XState sends itself may mean more than a transition.
    if (type.startsWith('xstate.') && !type.startsWith('xstate.after.')) return 'unplanned';
    const [transition] = this.#machine.getTransitionData(snapshot, signal);
    const answer = transition === undefined ? 'nothing' : this.#planOf(place, transition);
    if (place.unguarded) {
      if (place.byType.size >= mostTypes) place.byType.clear();
      place.byType.set(type, answer);
    }
    return answer;
  }

  #placeOf(snapshot: AnyMachineSnapshot): KnownPlace | undefined {
    const { _nodes: nodes } = snapshot as { readonly _nodes: readonly AnyStateNode[] };
    // Where no state is parallel, it has all others around it.
    const innermost = nodes[nodes.length - 1];
    if (innermost === undefined) return undefined;
    const known = this.#places.get(innermost);
    if (known !== undefined || this.#places.has(innermost)) return known;
    this.#known ??= isKnownSnapshot(snapshot);
    const found = this.#known ? placeAt(innermost) : undefined;
    const place = found && {
      ...found,
      byType: new Map<string, Answer>(),
      byTransition: new Map<Transition, Answer>(),
    };
    this.#places.set(innermost, place);
    return place;
  }

  #planOf(place: KnownPlace, transition: Transition): Answer {
    const known = place.byTransition.get(transition);
    if (known !== undefined) return known;
    const plan = planTransition(place, transition) ?? 'unplanned';
    place.byTransition.set(transition, plan);
    return plan;
  }
}
