import type { Link } from './run.ts';
import type { BoundEvents } from './stage.ts';

/** Lists the events of a run by the names of its slots. O(events + names). */
export function takenEvents<E>(last: Link<E> | undefined, names: readonly string[]): Record<string, E[]> {
  const slots: (E[] | undefined)[] = names.map(() => undefined);
  for (let link = last; link !== undefined; link = link.before) {
    const taken = slots[link.slot];
    // A literal has room for just its one event, which is what most stages take; a push makes room for 17.
    if (taken === undefined) slots[link.slot] = [link.event];
    else taken.push(link.event);
  }
  const events: Record<string, E[]> = {};
  for (let slot = 0; slot < names.length; slot += 1) {
    events[names[slot] as string] = inOrder(slots[slot]);
  }
  return events;
}

/** The events of whichever run is being asked, for conditions to read. */
export interface TakenView<E> {
  readonly events: BoundEvents<E>;
  /** Points the view at a run. */
  show(last: Link<E> | undefined): void;
}

/**
 * Makes a view with a property for each name, worked out when it is read: most conditions read none, or
 * one, and pay for no more.
 */
export function createTakenView<E>(names: readonly string[]): TakenView<E> {
  let shown: Link<E> | undefined;
  const owners: (Link<E> | undefined)[] = names.map(() => undefined);
  const cache: E[][] = names.map(() => []);
  const read = (slot: number): E[] => {
    if (owners[slot] !== shown) {
      owners[slot] = shown;
      cache[slot] = eventsOf(shown, slot);
    }
    return cache[slot] as E[];
  };
  const events = {};
  names.forEach((name, slot) => {
    Object.defineProperty(events, name, { enumerable: true, get: () => read(slot) });
  });
  return {
    events,
    show(last) {
      shown = last;
    },
  };
}

function eventsOf<E>(last: Link<E> | undefined, slot: number): E[] {
  let events: E[] | undefined;
  for (let link = last; link !== undefined; link = link.before) {
    if (link.slot !== slot) continue;
    if (events === undefined) events = [link.event];
    else events.push(link.event);
  }
  return inOrder(events);
}

/** Events that were gathered from the last to the first. */
function inOrder<E>(gathered: E[] | undefined): E[] {
  if (gathered === undefined) return [];
  return gathered.length > 1 ? gathered.toReversed() : gathered;
}
