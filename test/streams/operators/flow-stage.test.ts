import { EMPTY, NEVER, Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { joinLatest } from 'breakwater/streams';
import { type FlowStage, runFlow } from '../../../streams/operators/flow-stage.ts';
import { runStage, type Stage } from '../../../streams/operators/stage.ts';

const broken = new Error('the stage is broken');
const fails = (): never => {
  throw broken;
};
const idle = { value: () => {}, end: () => {} };

function failuresOf(source: Observable<unknown>): unknown[] {
  const failures: unknown[] = [];
  source.subscribe({ error: (error: unknown) => failures.push(error) });
  return failures;
}

/** A source that tells when what it holds is released. */
function releasable(ends: 'completes' | 'fails') {
  const state = { released: false };
  const source = new Observable<number>((output) => {
    output.add(() => (state.released = true));
    if (ends === 'completes') output.complete();
    else output.error('lost');
  });
  return { state, source };
}

describe('a stage of an operator', () => {
  it.each<[string, Partial<FlowStage<number>>, Observable<number>]>([
    ['a value', { value: fails }, of(1)],
    ['the end', { end: fails }, EMPTY],
    ['a failure', { fail: fails }, throwError(() => 'lost')],
  ])('ends the stream with what it throws at %s', (_at, part, source) => {
    expect(failuresOf(source.pipe(runFlow(() => ({ ...idle, ...part }))))).toEqual([broken]);
  });

  it.each<[string, Partial<Stage<number>>, Observable<number>]>([
    ['a value', { value: fails }, of(1)],
    ['the end', { end: fails }, EMPTY],
  ])('of event time ends the stream with what it throws at %s', (_at, part, source) => {
    const stage = runStage<number, number>(() => ({ ...idle, watermark: () => {}, ...part }));
    expect(failuresOf(source.pipe(stage))).toEqual([broken]);
  });

  it.each(['completes', 'fails'] as const)(
    'lets go of a source that %s, though its output is still open',
    (ends) => {
      const { state, source } = releasable(ends);
      let ended = false;
      source.pipe(runFlow(() => ({ ...idle, fail: () => {} }))).subscribe({
        error: () => (ended = true),
        complete: () => (ended = true),
      });
      expect([state.released, ended]).toEqual([true, false]);
    },
  );

  it('lets go of one of its sources when that has ended, though the other goes on', () => {
    const { state, source } = releasable('completes');
    const key = (): string => 'k';
    NEVER.pipe(joinLatest(source, { leftKey: key, rightKey: key })).subscribe();
    expect(state.released).toBe(true);
  });

  it('need not have anything to do when it is left', () => {
    const left = [runFlow(() => idle), runStage(() => ({ ...idle, watermark: () => {} }))].map((operator) =>
      NEVER.pipe(operator).subscribe(),
    );
    for (const subscription of left) expect(() => subscription.unsubscribe()).not.toThrow();
  });
});
