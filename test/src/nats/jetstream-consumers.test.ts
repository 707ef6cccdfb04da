import { FatalError, TransportError } from 'breakwater';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsBinaries } from '../../support/nats-server.ts';
import { createNatsWorld, until, type NatsWorld } from '../../support/nats-world.ts';

const type = 'order.placed';

describe.each(natsBinaries())('consumers of jetStream on %s', (binary) => {
  let world: NatsWorld;

  beforeAll(async () => {
    world = await createNatsWorld({ binary });
  });

  afterAll(() => world[Symbol.asyncDispose]());

  it('copies what is given up to the dead letters, with why, and keeps it out of the way', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const seen: unknown[] = [];
    bus.subscribe(
      type,
      ({ data }) => {
        if (data === 'bad') throw new FatalError('never');
        seen.push(data);
      },
      { name: 'strict', order: 'total' },
    );
    await Promise.all(['a', 'bad', 'b'].map((data) => bus.publish(type, data)));
    await until(() => seen.length === 2);

    const manager = await world.manager();
    await until(() => bus.deadLetters.size === 1);
    const subject = `${namespace}.dead-letters.strict.${type}`;
    let copy: Awaited<ReturnType<typeof manager.streams.getMessage>> | undefined;
    for (let tries = 0; copy === undefined && tries < 100; tries += 1) {
      copy =
        (await manager.streams.getMessage(`${namespace}-dead-letters`, { last_by_subj: subject })) ??
        undefined;
    }
    expect(copy?.header.get('Breakwater-Reason')).toBe('fatal');
    expect(copy?.header.get('Breakwater-Subscriber')).toBe('strict');
    expect(copy?.header.get('Breakwater-Events')).toBe('1');
  });

  it('tells the server of all that was handled while it runs, and before it is closed', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace });
    const manager = await world.manager();
    const unsettled = async (): Promise<number> => {
      const consumers = await manager.consumers.list(namespace).next();
      return consumers.reduce(
        (sum, { num_ack_pending, num_pending }) => sum + num_ack_pending + num_pending,
        0,
      );
    };
    let handled = 0;
    let last: () => void = () => {};
    bus.subscribe(type, () => void ((handled += 1) === 60 && last()), { name: 'billing' });
    for (let n = 1; n <= 30; n += 1) await bus.publish(type, n);
    await until(() => handled === 30);
    for (let tries = 0; tries < 100 && (await unsettled()) > 0; tries += 1) await bus.idle();
    expect(await unsettled()).toBe(0);

    const closed = new Promise<unknown>((resolve) => (last = () => resolve(bus.close())));
    await Promise.all(Array.from({ length: 30 }, (_, n) => bus.publish(type, n)));
    await closed;

    expect({ handled, unsettled: await unsettled() }).toEqual({ handled: 60, unsettled: 0 });
  });

  it('names what differs when a stream or consumer is there with another configuration, and changes nothing', async () => {
    const namespace = world.namespace();
    const manager = await world.manager();
    await manager.streams.add({ name: namespace, subjects: [`${namespace}.events.>`], max_age: 5e9 });

    const refused: unknown = await world
      .streamBus({ namespace })
      .publish(type, 1)
      .catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(TransportError);
    expect(String(refused)).toMatch(
      /stream test\d+ .*nothing was changed.*max_age: wanted 604800000000000, found 5000000000/s,
    );
    expect((await manager.streams.info(namespace)).config.max_age).toBe(5e9);

    const other = world.namespace();
    const bus = world.streamBus({ namespace: other });
    await bus.ready();
    await manager.consumers.add(other, {
      durable_name: 'odd=normal',
      ack_wait: 1e9,
      filter_subject: `${other}.events.normal.*.>`,
    });
    bus.subscribe('>', () => {}, { name: 'odd' });
    await until(() =>
      world.lines.some(({ message }) => /consumer odd=normal.*ack_(wait|policy): wanted/.test(message)),
    );
    expect((await manager.consumers.info(other, 'odd=normal')).config.ack_wait).toBe(1e9);
  });

  it('confirms acknowledgements where asked to', async () => {
    const namespace = world.namespace();
    const bus = world.streamBus({ namespace, consumer: { doubleAck: true } });
    let handled = 0;
    bus.subscribe(type, () => (handled += 1), { name: 'sure' });
    for (let n = 0; n < 20; n += 1) await bus.publish(type, n);
    await until(() => handled === 20);
    await bus.close();

    const { ack_floor, num_ack_pending } = await (
      await world.manager()
    ).consumers.info(namespace, 'sure=normal');
    expect({ floor: ack_floor.consumer_seq, pending: num_ack_pending }).toEqual({ floor: 20, pending: 0 });
  });

  it('tells the server that a slow handler is at work, so that nobody gets its event twice', async () => {
    const namespace = world.namespace();
    const consumer = { ackWaitMs: 300 };
    const bus = world.streamBus({ namespace, consumer });
    const other = world.streamBus({ namespace, consumer });
    let calls = 0;
    const slow = async (): Promise<void> => {
      calls += 1;
      await new Promise((resolve) => setTimeout(resolve, 1200));
    };
    bus.subscribe(type, slow, { name: 'slow' });
    other.subscribe(type, slow, { name: 'slow' });
    await Promise.all([bus.ready(), other.ready()]);
    await bus.publish(type, 1);
    const manager = await world.manager();

    let pending = 1;
    for (let tries = 0; pending > 0 && tries < 3000; tries += 1) {
      ({ num_ack_pending: pending } = await manager.consumers.info(namespace, 'slow=normal'));
      if (calls === 0) pending = 1;
    }
    expect(calls).toBe(1);
  });

  it('leaves what it has not handled to others when it closes', async () => {
    const namespace = world.namespace();
    // Server 2.9 forgets one of the messages that are given back until its time to be acknowledged is over.
    const consumer = { ackWaitMs: 500 };
    const bus = world.streamBus({ namespace, consumer });
    const subscription = bus.subscribe(type, () => {}, { name: 'leaving' });
    await bus.ready();
    subscription.pause();
    for (let n = 0; n < 10; n += 1) await bus.publish(type, n);
    await until(() => subscription.stats().queue.size === 10);
    await bus.close({ deadlineMs: 10 });

    const seen: unknown[] = [];
    world
      .streamBus({ namespace, consumer })
      .subscribe(type, ({ data }) => seen.push(data), { name: 'leaving' });

    await until(() => seen.length >= 10);
    expect(new Set(seen)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });
});
