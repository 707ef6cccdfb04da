import { describe, expect, it } from 'vitest';
import { HandlerCall } from '../../actors/handler-call.ts';
import type { Delivery } from '../../streams/event/delivery.ts';
import { defineHandler, handlerMark } from '../../actors/define-handler.ts';

const delivery: Delivery = {
  event: {
    id: 'e1',
    type: 'order.placed',
    source: 's',
    time: 0,
    priority: 'normal',
    schemaVersion: 1,
    data: undefined,
  },
  attempt: 3,
  position: 41,
  fencingToken: 7,
  ack() {},
  nak() {},
  term() {},
};

function callOf(given: Delivery) {
  const publish = () => Promise.reject(new Error('not here'));
  const asked: HandlerCall[] = [];
  const owner = {
    name: 'billing',
    publishFrom: (call: HandlerCall) => {
      asked.push(call);
      return publish;
    },
  };
  return { call: new HandlerCall(given, owner, 5, 2), publish, asked };
}

describe('the context of a call', () => {
  it('says whose call it is, of which try, and where the event stands', () => {
    const { call } = callOf(delivery);

    expect(call).toMatchObject({ subscriber: 'billing', attempt: 3, position: 41, fencingToken: 7 });
    expect(call.replay).toBe(false);
    expect([call.startedAt, call.epoch]).toEqual([5, 2]);
  });

  it('has an idempotency key that is the same for each try, and another for each subscriber and event', () => {
    const { call } = callOf(delivery);

    expect(call.idempotencyKey).toBe('billing:e1');
    expect(callOf({ ...delivery, attempt: 9 }).call.idempotencyKey).toBe('billing:e1');
  });

  it('publishes in the name of the call', () => {
    const { call, publish, asked } = callOf(delivery);

    expect(call.publish).toBe(publish);
    expect(asked).toEqual([call]);
  });

  it('has one signal, which tells why to give up', () => {
    const { call } = callOf(delivery);
    const { signal } = call;
    const reason = new Error('too late');
    const before = signal.aborted;
    call.abort(reason);

    expect(before).toBe(false);
    expect(call.signal).toBe(signal);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(reason);
  });
});

describe('defineHandler', () => {
  it('gives what it was given, marked for those who look for handlers', () => {
    const handle = () => {};
    const defined = defineHandler({ event: 'order.*', options: { order: 'key' }, handle });

    expect(defined).toEqual({ event: 'order.*', options: { order: 'key' }, handle, [handlerMark]: true });
    expect(defined[handlerMark]).toBe(true);
  });
});
