import { describe, expect, it } from 'vitest';
import { assign, cancel, emit, fromPromise, raise, setup, type AnyActorRef } from 'xstate';
import type { EntityCause, EntityRunner, EntitySignal } from '../../actors/entity-logic.ts';
import { machineLogic } from '../../actors/entity-machine.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

type Machine = Parameters<typeof machineLogic>[0]['machine'];

function runnerOf(machine: Machine): EntityRunner {
  const ports = { clock: createVirtualClock(), onSignal: () => {}, log: () => {} };
  return machineLogic({ kind: 'k', machine, input: (key) => ({ key }) })(ports);
}

const signals = { types: { events: {} as EntitySignal } };
const noting = setup({ types: { events: {} as EntitySignal, context: {} as { got: string[] } } });
const note = assign<{ got: string[] }, EntitySignal, undefined, EntitySignal, never>({
  got: ({ context, event }) => [...context.got, event.type],
});

function boom(): never {
  throw new Error('boom');
}

describe('a step of an entity', () => {
  it('that fails leaves nothing to the entities after it', () => {
    const runner = runnerOf(
      noting.createMachine({
        context: { got: [] },
        on: {
          bad: { actions: [({ self }) => self.send({ type: 'own' }), boom] },
          '*': { actions: note },
        },
      }),
    );
    expect(() => runner.step(runner.initial('a'), { type: 'bad' })).toThrow('boom');

    const next = runner.step(runner.initial('b'), { type: 'good' });
    expect(runner.view(next)).toMatchObject({ context: { got: ['good'] } });
  });

  it('that fails at its beginning leaves nothing to the entities after it', () => {
    const ran: string[] = [];
    const runner = runnerOf(
      setup({ types: { input: {} as { key: string }, context: {} as { key: string } } }).createMachine({
        context: ({ input: { key } }) => ({ key }),
        entry: [({ context: { key } }) => key === 'bad' && boom(), ({ context: { key } }) => ran.push(key)],
      }),
    );
    expect(() => runner.initial('bad')).toThrow('boom');

    runner.initial('good');
    expect(ran).toEqual(['good']);
  });

  it('shows actions the state before it, and at the beginning the first state', () => {
    const seen: unknown[] = [];
    let kept: AnyActorRef | undefined;
    const look = ({ self }: { readonly self: AnyActorRef }): void => {
      kept = self;
      seen.push(self.getSnapshot()?.value);
    };
    const runner = runnerOf(
      setup(signals).createMachine({
        initial: 'a',
        states: { a: { entry: look, on: { go: 'b' } }, b: { entry: look } },
      }),
    );
    runner.step(runner.initial('x'), { type: 'go' });

    expect(seen).toEqual(['a', 'a']);
    // Between steps a state is with its host.
    expect(kept?.getSnapshot()).toBeUndefined();
    expect(JSON.parse(JSON.stringify(kept))).toEqual({ xstate$$type: 1, id: 'x' });
  });

  it('does nothing for actions that are named and not implemented', () => {
    const runner = runnerOf(
      setup({ ...signals, actions: { later: () => {} } }).createMachine({
        on: { go: { actions: [{ type: 'later' }, 'unknown' as 'later', emit({ type: 'gone' })] } },
      }),
    );
    runner.step(runner.initial('x'), { type: 'go' });

    expect(runner.emitted).toEqual([{ type: 'gone' }]);
  });

  it('ends with the machine: what it sent itself before is not taken, and no delay is waited for', () => {
    const runner = runnerOf(
      noting.createMachine({
        context: { got: [] },
        initial: 'a',
        states: { a: { on: { end: 'b' } }, b: { type: 'final' } },
        on: {
          go: {
            actions: [
              raise({ type: 'late' }, { delay: 5, id: 'l' }),
              ({ self }) => self.send({ type: 'end' }),
              ({ self }) => self.send({ type: 'more' }),
            ],
          },
          '*': { actions: note },
        },
      }),
    );
    const done = runner.step(runner.initial('x'), { type: 'go' });

    expect(runner.view(done)).toMatchObject({ status: 'done', context: { got: [] } });
    expect(done.timers).toEqual([]);
    expect(runner.step(done, { type: 'more' })).toBe(done);
  });

  it('fails with the error of a child that nobody handles', async () => {
    const signalled: EntitySignal[] = [];
    const failing = fromPromise(() => Promise.reject(new Error('no such account')));
    const machine = setup({ actors: { failing } }).createMachine({ invoke: { src: 'failing' } });
    const runner = machineLogic({ kind: 'k', machine, input: () => undefined })({
      clock: createVirtualClock(),
      onSignal: (_key, signal) => signalled.push(signal),
      log: () => {},
    });
    const state = runner.initial('x');
    await Promise.resolve();
    await Promise.resolve();
    const [signal = { type: 'none' }] = signalled;

    expect(() => runner.step(state, signal)).toThrow('no such account');
  });
});

describe('the delays of an entity', () => {
  const waiting = setup(signals).createMachine({
    on: {
      two: {
        actions: [raise({ type: 'x' }, { delay: 10, id: 'x' }), raise({ type: 'y' }, { delay: 20, id: 'y' })],
      },
      again: { actions: raise({ type: 'x2' }, { delay: 10, id: 'x' }) },
      unnamed: { actions: [raise({ type: 'x' }, { delay: 10 }), raise({ type: 'x' }, { delay: -10 })] },
      cancel: { actions: cancel('x') },
      never: { actions: raise({ type: 'x' }, { delay: Infinity, id: 'x' }) },
      odd: { actions: raise({ type: 'x' }, { delay: Number.NaN, id: 'x' }) },
    },
  });

  it('replace those of the same id, and leave others alone', () => {
    const runner = runnerOf(waiting);
    const two = runner.step(runner.initial('a'), { type: 'two' });
    runner.now = 100;
    const again = runner.step(two, { type: 'again' });

    expect(two.timers.map(({ id, at }) => [id, at])).toEqual([
      ['x', 10],
      ['y', 20],
    ]);
    expect(again.timers.map(({ at, signal }) => [signal.type, at])).toEqual([
      ['y', 20],
      ['x2', 110],
    ]);
  });

  it('are cancelled by id, and where there is none of it nothing changes', () => {
    const runner = runnerOf(waiting);
    const one = runner.step(runner.step(runner.initial('a'), { type: 'two' }), { type: 'cancel' });

    expect(one.timers.map(({ id }) => id)).toEqual(['y']);
    expect(runner.step(one, { type: 'cancel' }).timers).toBe(one.timers);
  });

  it('without a name never replace each other, and below 0 are due at once', () => {
    const runner = runnerOf(waiting);
    runner.now = 7;
    const { timers } = runner.step(runner.initial('a'), { type: 'unnamed' });

    expect(timers.map(({ at }) => at)).toEqual([17, 7]);
    expect(new Set(timers.map(({ id }) => id)).size).toBe(2);
    expect(timers[0]?.id).toMatch(/7/);
  });

  it('must come to an end', () => {
    const runner = runnerOf(waiting);
    const state = runner.initial('a');

    for (const type of ['never', 'odd']) {
      expect(() => runner.step(state, { type })).toThrow(
        /^the delay of x must be a finite number of milliseconds, got (Infinity|NaN)$/,
      );
    }
  });

  it('note the event that they come of: what links events, and nothing else', () => {
    const runner = runnerOf(waiting);
    const links = {
      id: 'e1',
      type: 'order.placed',
      correlationId: 'c',
      causationDepth: 2,
      traceparent: '00-…-01',
      tracestate: 'vendor=1',
    };
    const causeOf = (cause: EntityCause | undefined) => {
      runner.cause = cause;
      return runner.step(runner.initial('a'), { type: 'again' }).timers[0]?.cause;
    };
    const event = { ...links, data: { secret: 1 } };

    expect(causeOf(event)).toEqual(links);
    expect(Object.keys(causeOf({ id: 'e1', type: 'order.placed' }) ?? {})).toEqual(['id', 'type']);
    expect(causeOf(undefined)).toBeUndefined();
  });
});
