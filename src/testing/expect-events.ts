import fc from 'fast-check';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { differences } from './differences.ts';

/** What an event is expected to be: the fields that are named, and of `data` the fields that are named. */
export type ExpectedEvent = Partial<EventEnvelope>;

/**
 * Checks that events are those expected, in this order, and says where they are not.
 *
 * Only the fields that an expected event names are compared, inside `data` too; arrays in it are compared whole.
 *
 * @throws Error with both lists beside each other: `+` for what is too many, `-` for what is missing, `~` for what
 * differs.
 * @example
 * ```ts
 * const bus = createTestBus();
 * await bus.publish('order.placed', { orderId: '42', total: 10 });
 * expectEvents(bus.publishedEvents(), [{ type: 'order.placed', data: { total: 10 } }]);
 * ```
 */
export function expectEvents(events: readonly EventEnvelope[], expected: readonly ExpectedEvent[]): void {
  const pairs = align(events, expected);
  if (pairs.every(({ got, wanted }) => got !== undefined && wanted !== undefined && isMatch(got, wanted)))
    return;
  const lines = pairs.flatMap(linesOf);
  throw new Error(
    [`the events are not those expected: ${expected.length} wanted, ${events.length} got`, ...lines].join(
      '\n',
    ),
  );
}

interface Pair {
  readonly got: EventEnvelope | undefined;
  readonly wanted: ExpectedEvent | undefined;
}

function isMatch(got: EventEnvelope, wanted: ExpectedEvent): boolean {
  return differences(wanted, got, { whole: false }).length === 0;
}

/**
 * Puts both lists side by side with as many matches as can be (the longest common subsequence); what is left over
 * between two matches is paired in order. O(events × expected).
 */
function align(events: readonly EventEnvelope[], expected: readonly ExpectedEvent[]): Pair[] {
  const longest: number[][] = Array.from({ length: events.length + 1 }, () => []);
  const at = (row: number, column: number): number => longest[row]?.[column] ?? 0;
  for (let row = events.length - 1; row >= 0; row -= 1) {
    for (let column = expected.length - 1; column >= 0; column -= 1) {
      const same = alike(events[row], expected[column]);
      const length = same ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
      (longest[row] ??= [])[column] = length;
    }
  }
  const pairs: Pair[] = [];
  let [row, column] = [0, 0];
  while (row < events.length || column < expected.length) {
    const [got, wanted] = [events[row], expected[column]];
    if (alike(got, wanted)) [row, column] = [row + 1, column + 1];
    else if (
      column === expected.length ||
      (row < events.length && at(row + 1, column) > at(row, column + 1))
    ) {
      pairs.push({ got, wanted: undefined });
      row += 1;
      continue;
    } else if (row === events.length || at(row + 1, column) < at(row, column + 1)) {
      pairs.push({ got: undefined, wanted });
      column += 1;
      continue;
    } else [row, column] = [row + 1, column + 1];
    pairs.push({ got, wanted });
  }
  return pairs;
}

function alike(got: EventEnvelope | undefined, wanted: ExpectedEvent | undefined): boolean {
  return got !== undefined && wanted !== undefined && isMatch(got, wanted);
}

function linesOf({ got, wanted }: Pair): string[] {
  if (got === undefined) return [`  - ${shown(wanted)}`];
  if (wanted === undefined) return [`  + ${shown(got)}`];
  const wrong = differences(wanted, got, { whole: false });
  return wrong.length === 0
    ? [`    ${shown(got)}`]
    : [`  ~ ${shown(got)}`, ...wrong.map((line) => `        ${line}`)];
}

function shown(event: ExpectedEvent | undefined): string {
  const { type = '(any type)', key, data } = event ?? {};
  return `${type}${key === undefined ? '' : ` key ${key}`}${data === undefined ? '' : ` ${fc.stringify(data)}`}`;
}
