import { describe, expect, it } from 'vitest';
import { LogIndex } from '../../../src/nats/log-index.ts';
import { readPage } from '../../../src/nats/log-page.ts';
import type { LogStream } from '../../../src/nats/log-stream.ts';
import { positionOf } from '../../../src/nats/stream-position.ts';
import { WireFormat } from '../../../src/nats/wire-message.ts';

describe('a page of a log in JetStream', () => {
  it('leaves out, and calls no fault, what somebody took out while it was read', async () => {
    const index = new LogIndex();
    index.add({ sequence: 1, count: 1, appendedAt: 1 });
    index.add({ sequence: 2, count: 1, appendedAt: 2 });
    let looks = 0;
    const read = readPage(undefined, index, {
      fresh: () => {
        looks += 1;
        if (looks === 2) index.note(3, { before: positionOf(2, 0), last: positionOf(2, 0), time: 2 });
        return Promise.resolve();
      },
      stream: { message: () => Promise.resolve(undefined) } as unknown as LogStream,
      format: new WireFormat(undefined, false, 1_000_000),
      now: () => 0,
    });

    const { faults, records } = await read;

    expect(records).toEqual([]);
    expect(faults.map(({ position }) => position)).toEqual([positionOf(2, 0)]);
  });
});
