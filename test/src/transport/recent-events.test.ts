import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { RecentEvents } from '../../../src/transport/recent-events.ts';

const event = (position: number): EventEnvelope => ({
  id: String(position),
  type: position % 3 === 0 ? 'c' : 'a',
  source: 'test',
  time: 0,
  priority: 'normal',
  schemaVersion: 1,
  data: position,
});

describe('recent events', () => {
  it('give what the log has, or nothing, whatever gaps and limits there are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 8 }),
        fc.array(fc.constantFrom(1, 1, 1, 1, 2, 5), { maxLength: 30 }),
        fc.nat({ max: 40 }),
        fc.integer({ min: 1, max: 6 }),
        (capacity, steps, from, limit) => {
          const recent = new RecentEvents(capacity);
          const log: number[] = [];
          for (const step of steps) log.push((log.at(-1) ?? 0) + step);
          for (const position of log) recent.add(event(position), position);
          const last = log.at(-1) ?? 0;
          const page = recent.read(from, last, limit, (type) => type === 'a');
          if (page === undefined) return;
          const wanted = log.filter((at) => at >= from && at % 3 !== 0).slice(0, limit);
          expect(page.records.map(({ position }) => position)).toEqual(wanted);
          for (const { position, event: given } of page.records) expect(given.data).toBe(position);
          expect(page.atEnd).toBe(page.next > last);
          expect(log.filter((at) => at >= from && at < page.next && at % 3 !== 0)).toEqual(wanted);
        },
      ),
    );
  });

  it('are as many as they may be, the newest', () => {
    const recent = new RecentEvents(4);
    for (let at = 1; at <= 10; at += 1) recent.add(event(at), at);
    expect(recent.read(6, 10, 9, () => true)).toBeUndefined();
    expect(recent.read(7, 10, 9, () => true)).toMatchObject({ next: 11, atEnd: true });
    expect(recent.read(7, 11, 9, () => true)).toBeUndefined();
    expect(recent.read(7, 10, 2, () => true)).toMatchObject({ next: 9, atEnd: false });
  });
});
