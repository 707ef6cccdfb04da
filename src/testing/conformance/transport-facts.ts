import assert from 'node:assert/strict';
import { ClosedError } from '../../../streams/event/errors.ts';
import { glob } from '../../../streams/event/glob.ts';
import { Credit } from '../../../streams/queue/credit.ts';
import { sampleEvent, sampleEvents } from './sample-event.ts';
import type { TransportSession } from './transport-session.ts';

/** One obligation of a transport. */
export type TransportFact = (session: TransportSession) => Promise<void>;

/** What holds of every transport, also of one that carries nothing. */
export const universalFacts: Readonly<Record<string, TransportFact>> = {
  'has the features that it declares, and says the level of a publish': async ({ transport, subject }) => {
    assert.deepEqual(transport.features, subject.features);
    const { level, matched } = await transport.publish([sampleEvent(1)]);
    assert.equal(level, subject.features.level);
    assert.ok(matched === -1 || matched === 0, `${matched} subscriptions, of none`);
  },

  'closes once and for good, and says so': async ({ transport, subject }) => {
    await Promise.all([transport.close(), transport.close()]);
    await transport.close();
    if (subject.features.level === 'none') return;
    await assert.rejects(async () => transport.publish([sampleEvent(1)]), ClosedError);
    assert.throws(
      () => transport.subscribe(['>'], { name: 'late', credit: new Credit(1), mailbox: {} }),
      ClosedError,
    );
  },
};

/** How events come to the subscriptions that match. */
export const deliveryFacts: Readonly<Record<string, TransportFact>> = {
  'gives an event once to each subscription of which one pattern matches, and to no other': async (
    session,
  ) => {
    const placed = await session.receive(['order.placed'], { name: 'placed' });
    const twice = await session.receive(['order.*', 'order.>', '*.placed'], { name: 'twice' });
    const part = await session.receive([glob('*.plac*')], { name: 'part' });
    const other = await session.receive(['order.*.late', 'user.>'], { name: 'other' });
    const { matched } = await session.transport.publish([sampleEvent(1, { type: 'order.placed' })]);
    assert.ok(matched === 3 || matched === -1, `${matched} subscriptions, of three`);
    for (const receiver of [placed, twice, part]) {
      await session.until('the event', () => receiver.deliveries.length > 0);
    }
    await session.quiet();
    const counts = [placed, twice, part, other].map(({ deliveries }) => deliveries.length);
    assert.deepEqual(counts, [1, 1, 1, 0]);
    // What came over a wire was made anew, and marked as checked: only what it says must be the same.
    assert.deepEqual({ ...placed.deliveries[0]?.event }, { ...sampleEvent(1, { type: 'order.placed' }) });
    assert.equal(placed.deliveries[0]?.attempt, 1);
  },

  'gives the events of one publisher in their order': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', limit: 1, onDelivery: ackIt });
    for (let n = 1; n <= 20; n += 5) await session.transport.publish(sampleEvents(n, n + 4));
    await session.until('all events', () => receiver.deliveries.length === 20);
    assert.deepEqual(
      receiver.numbers,
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
  },

  'emits no more than the credit lets through, and goes on when it does': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', limit: 3 });
    await session.transport.publish(sampleEvents(1, 10));
    await session.until('three events', () => receiver.deliveries.length === 3);
    await session.quiet();
    assert.equal(receiver.deliveries.length, 3);
    for (let at = 0; at < 10; at += 1) {
      await session.until('the next event', () => receiver.deliveries.length > at);
      receiver.settle(receiver.deliveries[at], 'ack');
    }
    await session.quiet();
    assert.deepEqual([receiver.deliveries.length, receiver.mostUnsettled], [10, 3]);
    assert.equal(receiver.credit.inFlight, 0);
  },

  'starts nothing without a permit, and goes on when there are more': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', limit: 10, permits: 2, onDelivery: ackIt });
    await session.transport.publish(sampleEvents(1, 6));
    await session.until('two events', () => receiver.deliveries.length === 2);
    await session.quiet();
    assert.equal(receiver.deliveries.length, 2);
    receiver.credit.grant(10, 3);
    await session.until('three more', () => receiver.deliveries.length === 5);
    await session.quiet();
    assert.equal(receiver.deliveries.length, 5);
  },

  'starts nothing while the credit is 0, as of a subscriber that is paused': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', limit: 0 });
    await session.transport.publish(sampleEvents(1, 3));
    await session.quiet();
    assert.equal(receiver.deliveries.length, 0);
    receiver.credit.grant(5, Infinity);
    await session.until('the events', () => receiver.deliveries.length === 3);
  },

  'lets an urgent event overtake those that wait': async (session) => {
    const mailbox = { strategy: 'strict' } as const;
    const receiver = await session.receive(['>'], { name: 'one', limit: 0, mailbox, onDelivery: ackIt });
    const priorities = ['low', 'normal', 'high', 'critical'] as const;
    for (const [n, priority] of priorities.entries())
      await session.transport.publish([sampleEvent(n, { priority })]);
    await session.quiet();
    receiver.credit.grant(1, Infinity);
    await session.until('the events', () => receiver.deliveries.length === 4);
    assert.deepEqual(receiver.numbers, [3, 2, 1, 0]);
  },

  'gives to one subscription alone what is published to it': async (session) => {
    const one = await session.receive(['>'], { name: 'one' });
    const two = await session.receive(['>'], { name: 'two' });
    await session.transport.publish([sampleEvent(1)], { to: 'two' });
    await session.until('the event', () => two.deliveries.length === 1);
    await session.quiet();
    assert.deepEqual([one.deliveries.length, two.deliveries.length], [0, 1]);
  },

  'gives nothing after a subscription has ended, and takes its name again': async (session) => {
    const first = await session.receive(['>'], { name: 'one' });
    first.end();
    await session.transport.publish([sampleEvent(1)]);
    await session.quiet();
    assert.equal(first.deliveries.length, 0);
    const second = await session.receive(['>'], { name: 'one' });
    await session.transport.publish([sampleEvent(2)]);
    await session.until('the event', () => second.deliveries.length > 0);
  },

  'refuses a name that is in use': async (session) => {
    await session.receive(['>'], { name: 'one' });
    const options = { name: 'one', credit: new Credit(1), mailbox: {} };
    assert.throws(() => session.transport.subscribe(['a'], options).deliveries.subscribe(), /one/u);
  },

  'gives what waits, and takes nothing more, once it is detached': async (session) => {
    const receiver = await session.receive(['>'], { name: 'one', limit: 1 });
    await session.transport.publish(sampleEvents(1, 3));
    await session.until('the first event', () => receiver.deliveries.length === 1);
    await session.quiet();
    receiver.subscription.detach();
    await session.transport.publish([sampleEvent(4)]);
    for (let at = 0; at < 3; at += 1) {
      await session.until('what waits', () => receiver.deliveries.length > at);
      receiver.settle(receiver.deliveries[at], 'ack');
    }
    await session.quiet();
    assert.deepEqual(receiver.numbers, [1, 2, 3]);
  },
};

/** Settles a delivery as soon as it comes. */
export function ackIt(delivery: unknown, receiver: { settle(delivery: never, how: 'ack'): void }): void {
  receiver.settle(delivery as never, 'ack');
}
