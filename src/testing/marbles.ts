import { describeValue } from '../../streams/event/describe-value.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { checkNumber } from '../options.ts';
import type { EventStream, StreamedEvent } from './event-stream.ts';

/** How marbles and time go together. */
export interface MarbleOptions {
  /** Milliseconds of one character. Default `1`. */
  readonly frameMs?: number;
}

/** An event that a marble stands for. */
export type MarbleEvent = Omit<StreamedEvent, 'afterMs'>;

/**
 * Makes a stream of events from a diagram in the manner of RxJS: `bus.play(marbleStream('a-b--(ab)', { a, b }))`.
 *
 * `-` is a frame without events, each other character an event; characters in brackets come at one instant, and the
 * brackets take no time beyond one frame. Spaces are for people. A diagram has no end: a bus has none.
 *
 * @throws TypeError for a character that `events` does not name.
 */
export function marbleStream(
  diagram: string,
  events: Readonly<Record<string, MarbleEvent>>,
  options: MarbleOptions = {},
): EventStream {
  const { frameMs = 1 } = options;
  checkNumber('frameMs', frameMs, 0);
  const stream: StreamedEvent[] = [];
  let waited = 0;
  let grouped = false;
  for (const character of diagram.replaceAll(/\s/gu, '')) {
    if (character === '(') grouped = true;
    else if (character === ')') {
      grouped = false;
      waited += frameMs;
    } else if (character === '-') waited += frameMs;
    else {
      const event = events[character];
      if (event === undefined)
        throw new TypeError(`no event is given for the marble ${describeValue(character)}`);
      stream.push({ ...event, afterMs: waited });
      waited = grouped ? 0 : frameMs;
    }
  }
  return stream;
}

/**
 * Draws events as a diagram: what `marbleStream` reads. The frame of an event follows from its time.
 *
 * @throws TypeError when an event has no marble; RangeError when one lies before `from`.
 * @example
 * ```ts
 * const bus = createTestBus({ now: 0 });
 * await bus.play(marbleStream('a--(ab)', { a: { type: 'x.a', data: 1 }, b: { type: 'x.b', data: 2 } }));
 * marblesOf(bus.publishedEvents(), (event) => event.type.at(-1), { from: 0 }); // => 'a--(ab)'
 * ```
 */
export function marblesOf(
  events: readonly EventEnvelope[],
  marbleOf: (event: EventEnvelope) => string | undefined,
  options: MarbleOptions & { /** Time of the first frame. */ readonly from: number },
): string {
  const { frameMs = 1, from } = options;
  const frames = new Map<number, string>();
  let last = -1;
  for (const event of events) {
    const frame = Math.floor((event.time - from) / frameMs);
    if (!(frame >= 0))
      throw new RangeError(`from is ${from}, and an event has the time ${event.time}, before it`);
    const marble = marbleOf(event);
    if (marble?.length !== 1) {
      throw new TypeError(`a marble is one character, got ${describeValue(marble)} for ${event.type}`);
    }
    frames.set(frame, (frames.get(frame) ?? '') + marble);
    last = Math.max(last, frame);
  }
  let diagram = '';
  for (let frame = 0; frame <= last; frame += 1) {
    const marbles = frames.get(frame) ?? '-';
    diagram += marbles.length === 1 ? marbles : `(${marbles})`;
  }
  return diagram;
}
