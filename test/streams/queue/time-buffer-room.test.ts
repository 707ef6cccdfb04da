import { describe, expect, it } from 'vitest';
import { TimeBuffer } from '../../../streams/queue/time-buffer.ts';
import { bytesInUse } from '../../support/heap.ts';

describe('the room of a TimeBuffer', () => {
  it('is that of what waits, though some always wait and a million have passed', () => {
    const buffer = new TimeBuffer<number>();
    for (let time = 0; time < 3_000; time += 1) buffer.push(time, time);
    const before = bytesInUse();
    for (let time = 3_000; time < 1_000_000; time += 1) {
      buffer.push(time, time);
      buffer.shift();
    }

    // A million places, times and values, would be 16 MB.
    expect(bytesInUse() - before).toBeLessThan(2_000_000);
    expect([buffer.size, buffer.nextTime]).toEqual([3_000, 997_000]);
  });

  it('is given back in few steps: 200 000 values that wait are taken one by one in no time', () => {
    const buffer = new TimeBuffer<number>();
    for (let time = 0; time < 200_000; time += 1) buffer.push(time, time);
    const started = process.cpuUsage();
    let sum = 0;
    while (buffer.size > 0) sum += buffer.shift();

    expect(sum).toBe((200_000 * 199_999) / 2);
    // Some 5 ms; moving all that waits down at each step takes a minute.
    expect(process.cpuUsage(started).user).toBeLessThan(5_000_000);
  });

  it('holds new values in their places after it has given some back', () => {
    const buffer = new TimeBuffer<string>();
    for (let time = 0; time < 3_000; time += 1) buffer.push(time, `at ${time}`);
    for (let taken = 0; taken < 2_000; taken += 1) buffer.shift();
    buffer.push(3_000, 'new');
    for (let taken = 0; taken < 1_000; taken += 1) buffer.shift();

    expect([buffer.nextTime, buffer.shift(), buffer.size, buffer.nextTime]).toEqual([
      3_000,
      'new',
      0,
      Infinity,
    ]);
  });
});
