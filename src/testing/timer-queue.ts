/** A timer that is pending, fired or cancelled. Its callback is gone once it has fired or was cancelled. */
export interface VirtualTimer {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

/** Pending timers, soonest first; those of one time in order of creation. */
export interface TimerQueue {
  size(): number;
  /** When the next timer is due; `Infinity` when none is pending, or none ever fires. */
  nextAt(): number;
  add(callback: () => void, at: number): VirtualTimer;
  /** How many timers share the time of the next: those whose order is open. O(how many). */
  alike(): number;
  /** Takes the next timer's callback out, or that of a later one of the same time. */
  take(index?: number): (() => void) | undefined;
  cancel(timer: VirtualTimer | undefined): void;
}

/**
 * Creates a queue of timers: a binary heap by time, then by creation.
 *
 * A cancelled timer stays in the heap until it surfaces. Simulations cancel nearly every timeout that they
 * set, so the heap is rebuilt once more than half of it is cancelled: memory follows what is pending.
 */
export function createTimerQueue(): TimerQueue {
  let heap: VirtualTimer[] = [];
  let cancelled = 0;
  let created = 0;

  function dropCancelledHead(): VirtualTimer | undefined {
    let head = heap[0];
    while (head !== undefined && head.callback === undefined) {
      removeHead(heap);
      cancelled -= 1;
      head = heap[0];
    }
    return head;
  }

  return {
    size: () => heap.length - cancelled,
    nextAt: () => dropCancelledHead()?.at ?? Infinity,
    add(callback, at) {
      const timer: VirtualTimer = { at, order: created, callback };
      created += 1;
      heap.push(timer);
      siftUp(heap, timer, heap.length - 1);
      return timer;
    },
    alike() {
      const head = dropCancelledHead();
      if (head === undefined) return 0;
      return heap.reduce(
        (count, { at, callback }) => count + Number(at === head.at && callback !== undefined),
        0,
      );
    },
    take(index = 0) {
      const timer = index === 0 ? dropCancelledHead() : removeAt(heap, index, dropCancelledHead);
      if (timer === undefined) return undefined;
      if (index === 0) removeHead(heap);
      const { callback } = timer;
      timer.callback = undefined;
      return callback;
    },
    cancel(timer) {
      if (timer?.callback === undefined) return;
      timer.callback = undefined;
      cancelled += 1;
      if (cancelled <= 64 || cancelled * 2 <= heap.length) return;
      // An array in order is a heap.
      heap = heap.filter((each) => each.callback !== undefined).toSorted(compare);
      cancelled = 0;
    },
  };
}

/** Takes out the timer that is `index` places behind the first that is not cancelled. */
function removeAt(
  heap: VirtualTimer[],
  index: number,
  firstOf: () => VirtualTimer | undefined,
): VirtualTimer | undefined {
  const passed: VirtualTimer[] = [];
  let head = firstOf();
  while (head !== undefined) {
    removeHead(heap);
    if (passed.length === index) break;
    passed.push(head);
    head = firstOf();
  }
  for (const timer of passed) {
    heap.push(timer);
    siftUp(heap, timer, heap.length - 1);
  }
  return head;
}

function compare(a: VirtualTimer, b: VirtualTimer): number {
  // Two timers that never fire are both at Infinity, and Infinity - Infinity is not a number.
  return a.at === b.at ? a.order - b.order : a.at < b.at ? -1 : 1;
}

function siftUp(heap: VirtualTimer[], timer: VirtualTimer, from: number): void {
  let index = from;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || compare(parent, timer) < 0) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = timer;
}

function removeHead(heap: VirtualTimer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let childIndex = 2 * index + 1;
    let child = heap[childIndex];
    if (child === undefined) break;
    const right = heap[childIndex + 1];
    if (right !== undefined && compare(right, child) < 0) {
      child = right;
      childIndex += 1;
    }
    if (compare(last, child) < 0) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = last;
}
