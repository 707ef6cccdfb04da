import { describe, expect, it } from 'vitest';
import type { HandlerContext } from '../../actors/handler.ts';
import { scoped } from '../../actors/scoped-handler.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';

const event: EventEnvelope = {
  id: 'e1',
  type: 'order.placed',
  source: 's',
  time: 0,
  priority: 'normal',
  schemaVersion: 1,
  data: undefined,
};
const context = { subscriber: 'billing' } as HandlerContext;

describe('scoped', () => {
  it('hands a resource of its own to each call, and takes it back after the call has ended', async () => {
    const seen: unknown[] = [];
    let made = 0;
    const handler = scoped(
      ({ id }) => Promise.resolve(`session ${(made += 1)} for ${id}`),
      async (session, error) => {
        await Promise.resolve();
        seen.push(['release', session, error]);
      },
      async (given, { subscriber }, session) => {
        await Promise.resolve();
        seen.push(['handle', given.id, subscriber, session]);
        return 'billed';
      },
    );

    expect(await handler(event, context)).toBe('billed');
    await handler(event, context);
    expect(seen).toEqual([
      ['handle', 'e1', 'billing', 'session 1 for e1'],
      ['release', 'session 1 for e1', undefined],
      ['handle', 'e1', 'billing', 'session 2 for e1'],
      ['release', 'session 2 for e1', undefined],
    ]);
  });

  it('takes it back after a failure, too, of which it tells before the error goes on', async () => {
    const failure = new Error('no such account');
    const released: unknown[] = [];
    const handler = scoped(
      () => 'session',
      (session, error) => {
        released.push([session, error]);
      },
      () => Promise.reject(failure),
    );

    await expect(handler(event, context)).rejects.toBe(failure);
    expect(released).toEqual([['session', failure]]);
  });

  it('calls nothing where there is no resource to be had', async () => {
    const called: string[] = [];
    const handler = scoped(
      () => Promise.reject(new Error('the pool is empty')),
      () => called.push('release'),
      () => called.push('handle'),
    );

    await expect(handler(event, context)).rejects.toThrow('the pool is empty');
    expect(called).toEqual([]);
  });
});
