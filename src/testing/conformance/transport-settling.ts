import assert from 'node:assert/strict';
import { QueueFullError } from '../../../streams/event/errors.ts';
import { sampleEvent, sampleEvents } from './sample-event.ts';
import { ackIt, type TransportFact } from './transport-facts.ts';

/** How deliveries end. */
export const settlingFacts: Readonly<Record<string, TransportFact>> = {
  'brings an event again that was not handled, each time with an attempt one higher': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one' });
    await session.transport.publish([sampleEvent(1)]);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await session.until(`attempt ${attempt}`, () => receiver.deliveries.length === attempt);
      assert.equal(receiver.deliveries.at(-1)?.attempt, attempt);
      receiver.settle(receiver.deliveries.at(-1), attempt === 4 ? 'ack' : 'nak');
    }
    await session.quiet();
    assert.equal(receiver.deliveries.length, 4);
  },

  'brings it after the delay that was asked for, and lets others pass meanwhile': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', limit: 1 });
    await session.transport.publish(sampleEvents(1, 2));
    await session.until('the first event', () => receiver.deliveries.length === 1);
    receiver.settle(receiver.deliveries[0], 'nak', 400);
    await session.until('the second event', () => receiver.deliveries.length === 2);
    receiver.settle(receiver.deliveries[1], 'ack');
    await session.pass(100);
    assert.deepEqual(receiver.numbers, [1, 2]);
    await session.until('the first again', () => receiver.deliveries.length === 3);
    assert.deepEqual([receiver.numbers.at(-1), receiver.deliveries[2]?.attempt], [1, 2]);
  },

  'settles a delivery once: what is said later of it means nothing': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', limit: 5 });
    await session.transport.publish(sampleEvents(1, 3));
    await session.until('the events', () => receiver.deliveries.length === 3);
    const [acked, naked, termed] = receiver.deliveries;
    acked?.ack();
    acked?.nak();
    termed?.term('no');
    termed?.nak();
    naked?.nak();
    naked?.ack();
    await session.until('the second again', () => receiver.deliveries.length === 4);
    await session.quiet();
    assert.deepEqual(receiver.numbers, [1, 2, 3, 2]);
    receiver.deliveries[3]?.ack();
    assert.equal(receiver.credit.inFlight, 0);
  },

  'frees the credit of a delivery that was settled, however it was': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', limit: 1 });
    await session.transport.publish(sampleEvents(1, 3));
    for (const [at, how] of (['term', 'ack', 'term'] as const).entries()) {
      await session.until('the next event', () => receiver.deliveries.length > at);
      receiver.settle(receiver.deliveries[at], how);
    }
    await session.quiet();
    assert.deepEqual([receiver.numbers, receiver.credit.inFlight], [[1, 2, 3], 0]);
  },
};

/** What `order` promises. */
export const orderFacts: Readonly<Record<string, TransportFact>> = {
  'gives the events of a key one after the other, and of other keys beside them': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', mailbox: { order: 'key' } });
    await session.transport.publish(
      [1, 2, 3, 4].map((n) => sampleEvent(n, { key: n % 2 === 0 ? 'even' : 'odd' })),
    );
    await session.until('one of each key', () => receiver.deliveries.length === 2);
    await session.quiet();
    assert.deepEqual(new Set(receiver.numbers), new Set([1, 2]));
    for (const delivery of receiver.deliveries.slice()) receiver.settle(delivery, 'ack');
    await session.until('the next of each', () => receiver.deliveries.length === 4);
    assert.deepEqual(new Set(receiver.numbers.slice(2)), new Set([3, 4]));
  },

  'keeps the place of an event within its key while it waits to be tried again': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', mailbox: { order: 'key' } });
    await session.transport.publish(sampleEvents(1, 3, { key: 'a' }));
    await session.until('the first event', () => receiver.deliveries.length === 1);
    receiver.settle(receiver.deliveries[0], 'nak', 30);
    await session.until('the first again', () => receiver.deliveries.length === 2);
    await session.quiet();
    assert.deepEqual(receiver.numbers, [1, 1]);
    for (let at = 1; at < 4; at += 1) {
      await session.until('the rest', () => receiver.deliveries.length > at);
      receiver.settle(receiver.deliveries[at], 'ack');
    }
    assert.deepEqual(receiver.numbers, [1, 1, 2, 3]);
  },

  'gives one event after the other where the order is total': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', mailbox: { order: 'total' } });
    await session.transport.publish([1, 2, 3].map((n) => sampleEvent(n, { key: `k${n}` })));
    for (let at = 0; at < 3; at += 1) {
      await session.until('the next event', () => receiver.deliveries.length === at + 1);
      await session.quiet();
      assert.equal(receiver.deliveries.length, at + 1);
      receiver.settle(receiver.deliveries[at], 'ack');
    }
    assert.deepEqual(receiver.numbers, [1, 2, 3]);
  },
};

/** What publishers are told of their events. */
export const settlementFacts: Readonly<Record<string, TransportFact>> = {
  'tells the publisher what became of each event at each subscription': async (session) => {
    const told: string[] = [];
    const wants = (n: number): boolean => n !== 3;
    const one = await session.receive(['>'], {
      name: 'one',
      accepts: ({ data }) => wants((data as { n: number }).n),
    });
    await session.receive(['>'], { name: 'two', onDelivery: ackIt });
    void session.transport.publish(sampleEvents(1, 3), {
      onSettled: ({ data }, subscriber, settlement) => {
        told.push(`${subscriber} ${(data as { n: number }).n} ${settlement}`);
      },
    });
    await session.until('the events', () => one.deliveries.length === 2);
    one.settle(one.deliveries[0], 'ack');
    one.settle(one.deliveries[1], 'term');
    await session.until('all settlements', () => told.length === 6);
    await session.quiet();
    assert.deepEqual(told.toSorted(), [
      'one 1 handled',
      'one 2 dead-lettered',
      'one 3 filtered',
      'two 1 handled',
      'two 2 handled',
      'two 3 handled',
    ]);
  },
};

/** What a mailbox does that is full, in transports that have no log to leave events in. */
export const overflowFacts: Readonly<Record<string, TransportFact>> = {
  'refuses what finds no room, where that is the policy, and gives it to all others': async (session) => {
    const mailbox = { capacity: 2, overflow: 'reject' } as const;
    const full = await session.receive(['>'], { name: 'full', limit: 0, mailbox });
    const roomy = await session.receive(['>'], { name: 'roomy' });
    await session.transport.publish(sampleEvents(1, 2));
    await assert.rejects(
      async () => session.transport.publish([sampleEvent(3)]),
      (error) => error instanceof QueueFullError && error.subscribers.join(',') === 'full',
    );
    await session.until('the others', () => roomy.deliveries.length === 3);
    full.credit.grant(5, Infinity);
    await session.until('what was taken', () => full.deliveries.length === 2);
    await session.quiet();
    assert.deepEqual(full.numbers, [1, 2]);
  },

  'takes all of a batch at a subscription, or nothing': async (session) => {
    const mailbox = { capacity: 3, overflow: 'reject' } as const;
    const receiver = await session.receive(['>'], { name: 'full', limit: 0, mailbox });
    await session.transport.publish([sampleEvent(1)]);
    await assert.rejects(async () => session.transport.publish(sampleEvents(2, 4)), QueueFullError);
    await session.transport.publish(sampleEvents(5, 6));
    receiver.credit.grant(5, Infinity);
    await session.until('what was taken', () => receiver.deliveries.length === 3);
    assert.deepEqual(receiver.numbers, [1, 5, 6]);
  },

  'makes a publisher wait for room, and refuses one that may not wait': async (session) => {
    const mailbox = { capacity: 1, overflow: 'block' } as const;
    const receiver = await session.receive(['>'], { name: 'one', limit: 0, mailbox });
    await session.transport.publish([sampleEvent(1)]);
    let isDone = false;
    const waiting = (async () => {
      await session.transport.publish([sampleEvent(2)]);
      isDone = true;
    })();
    await assert.rejects(
      async () => session.transport.publish([sampleEvent(3)], { noWait: true }),
      QueueFullError,
    );
    await session.quiet();
    assert.deepEqual([isDone, receiver.subscription.status().blocked], [false, 1]);
    receiver.credit.grant(1, Infinity);
    await waiting;
    receiver.settle(receiver.deliveries[0], 'ack');
    await session.until('the one that waited', () => receiver.deliveries.length === 2);
    assert.deepEqual(receiver.numbers, [1, 2]);
  },

  'drops what the policy says, and tells of it': async (session) => {
    const dropped: string[] = [];
    const receiver = await session.receive(['>'], {
      name: 'one',
      limit: 0,
      mailbox: { capacity: 2, overflow: 'drop-oldest' },
      onDrop: ({ data }, reason) => {
        dropped.push(`${(data as { n: number }).n} ${reason}`);
      },
    });
    await session.transport.publish(sampleEvents(1, 4));
    await session.quiet();
    assert.deepEqual(dropped, ['1 drop-oldest', '2 drop-oldest']);
    receiver.end();
    assert.deepEqual(dropped.slice(2).toSorted(), ['3 unsubscribed', '4 unsubscribed']);
  },
};
