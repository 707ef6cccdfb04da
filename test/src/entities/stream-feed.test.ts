import { describe, expect, it } from 'vitest';
import { defineEntity } from '../../../actors/define-entity.ts';
import type { EntitySink } from '../../../src/entities/entity-source.ts';
import { StreamFeed } from '../../../src/entities/stream-feed.ts';
import type { SharedEntities, StreamListener } from '../../../src/shared-entities.ts';
import { createVirtualClock } from '../../../src/testing/virtual-clock.ts';
import { ValidEnvelope } from '../../../streams/event/envelope.ts';

const definition = defineEntity(
  'meter',
  { initial: {}, fold: (state) => state },
  { on: ['meter.read'], key: ({ data }) => data['meter'] },
);

function reading(n: number, meter: unknown): ValidEnvelope {
  const id = `0190163d-8694-739b-8000-${String(n).padStart(12, '0')}`;
  return new ValidEnvelope(id, 'meter.read', 'app', 0, 'normal', 1, { meter }, undefined, undefined);
}

/** A feed on a stream that says what it is asked. */
function world() {
  const clock = createVirtualClock();
  const asked: string[] = [];
  let listener: StreamListener | undefined;
  const unasked = (): never => {
    throw new Error('nobody asks for this');
  };
  const shared: SharedEntities = {
    maxTrials: 20,
    partitions: 2,
    leaseMs: 1_000,
    get states() {
      return unasked();
    },
    get leases() {
      return unasked();
    },
    partitionOf: (key) => key.charCodeAt(key.length - 1) % 2,
    read: (_patterns, after, given) => {
      asked.push(`read after ${after}`);
      listener = given;
      return { refill: () => asked.push('refill'), close: () => asked.push('close') };
    },
    end: () => Promise.resolve(0),
    last: unasked,
    publish: unasked,
    storedSince: unasked,
    bury: unasked,
    serve: unasked,
    call: unasked,
    watch: unasked,
    onUp: unasked,
  };
  const feed = new StreamFeed(definition, {
    clock,
    shared,
    patterns: ['meter.read'],
    lift: (event) => event,
    onFault: (message) => asked.push(message),
  });
  const sink = (room: () => number) => {
    const taken: number[] = [];
    const faults: unknown[] = [];
    const made: EntitySink = {
      take: ({ position, fault }) => void (fault === undefined ? taken : faults).push(position),
      room,
      wake: () => {},
      fault: () => {},
      failed: () => {},
    };
    return { made, taken, faults };
  };
  return { clock, feed, asked, sink, stream: () => listener };
}

describe('StreamFeed', () => {
  it('gives each partition its own events, once, though it is read again for another', async () => {
    const { clock, feed, asked, sink, stream } = world();
    const [even, odd] = [sink(() => 10), sink(() => 10)];
    const first = feed.source(0);
    first.start(0, even.made);
    await clock.advanceBy(50);
    for (let n = 1; n <= 4; n += 1) stream()?.event(reading(n, String(n)), n, 0);
    stream()?.reached(4, true);
    const second = feed.source(1);
    second.start(1, odd.made);
    const before = [first.given, second.given];
    await clock.advanceBy(50);
    for (let n = 2; n <= 6; n += 1) stream()?.event(reading(n, String(n)), n, 0);
    stream()?.reached(6, true);

    expect(asked).toEqual(['read after 0', 'close', 'read after 1']);
    expect(before).toEqual([4, 1]);
    expect(even.taken).toEqual([2, 4, 6]);
    expect(odd.taken).toEqual([3, 5]);
    expect([first.given, second.given]).toEqual([6, 6]);
  });

  it('gives an event whose key cannot be told to one partition', async () => {
    const { clock, feed, sink, stream } = world();
    const sinks = [sink(() => 10), sink(() => 10)];
    for (const [partition, one] of sinks.entries()) feed.source(partition).start(0, one.made);
    await clock.advanceBy(50);
    stream()?.event(reading(1, 7), 1, 0);
    stream()?.event(reading(2, undefined), 2, 0);

    expect(sinks.map(({ faults }) => faults.length)).toEqual([0, 1]);
    expect(sinks.flatMap(({ taken }) => taken)).toEqual([]);
  });

  it('asks for more once there is room, also where nothing was known to be there', async () => {
    const { clock, feed, asked, sink, stream } = world();
    let room = 1;
    const one = sink(() => room);
    const source = feed.source(0);
    source.start(0, one.made);
    await clock.advanceBy(50);
    room = 0;
    stream()?.event(reading(1, '0'), 1, 0);
    stream()?.reached(1, true);
    const full = source.caughtUp;
    room = 1;
    source.pull();

    expect(full).toBe(false);
    expect(asked.at(-1)).toBe('refill');
    expect(source.caughtUp).toBe(true);
  });
});
