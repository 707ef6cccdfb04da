import { describe, expect, it } from 'vitest';
import { EntityTrial, type TrialNotes } from '../../../src/entities/entity-trial.ts';
import { eventInput, LiveEntity, timerInput, type EntityInput } from '../../../src/entities/live-entity.ts';
import { noSuspect, type Suspect } from '../../../src/entities/suspect.ts';
import { SuspectTrials } from '../../../src/leases/suspect-trials.ts';
import { createVirtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { ValidEnvelope } from '../../../streams/event/envelope.ts';

const event = new ValidEnvelope('e', 'a.b', 'app', 0, 'normal', 1, {}, undefined, undefined);

function input(position: number): EntityInput {
  return eventInput(event, position, 0);
}

interface World {
  readonly clock: VirtualClock;
  readonly trial: EntityTrial;
  readonly done: string[];
  readonly live: Map<string, LiveEntity>;
  readonly parked: Set<string>;
  readonly state: { pending: boolean; busy: boolean; leaving: number; suspect: Suspect; failing: boolean };
  readonly trials: SuspectTrials;
}

/** A trial of what stands up to position 100, at most three deaths each, one at a time at first. */
async function world(suspect: Partial<Suspect> = {}, handled = 0): Promise<World> {
  const clock = createVirtualClock();
  const done: string[] = [];
  const live = new Map<string, LiveEntity>();
  const parked = new Set<string>();
  const state = {
    pending: false,
    leaving: 0,
    busy: false,
    failing: false,
    suspect: { ...noSuspect, size: 1, ...suspect },
  };
  const notes: TrialNotes = {
    get suspect() {
      return state.suspect;
    },
    horizon: 100,
    mark: async (sequence, key, size) => {
      done.push(`mark ${size} from ${sequence} ${key}`);
      if (state.failing) throw new Error('not kept');
      state.suspect = { ...state.suspect, sequence, key, size, deaths: 0, tried: true };
    },
    acquit: async () => {
      done.push('acquit');
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 1));
      done.push('acquitted');
    },
  };
  const trials = new SuspectTrials(clock);
  const trial = new EntityTrial({
    clock,
    notes,
    turn: trials.enter(0),
    maxTrials: 3,
    handled,
    onFailed: () => void done.push('failed'),
    work: {
      commits: {
        get pending() {
          return state.pending;
        },
      },
      parking: parked,
      room: { cache: live },
      runner: { busy: () => state.busy },
      states: { positionOf: () => Promise.resolve(0) },
      engine: { seen: 0, wake: () => void done.push('wake'), tryEach: () => void done.push('end') },
      failures: {
        lowest: Infinity,
        get leaving() {
          return state.leaving;
        },
      },
    },
  });
  await clock.advanceBy(1);
  done.length = 0;
  return { clock, trial, done, live, parked, state, trials };
}

describe('EntityTrial', () => {
  it('lets an input go once it is kept that it is tried, and the next when that one is kept', async () => {
    const { trial, done, state, clock } = await world();
    const [first, second] = [input(7), input(8)];
    const before = [trial.judge('a', first), trial.judge('a', first)];
    await clock.advanceBy(1);
    const after = trial.judge('a', first);
    state.pending = true;
    const meanwhile = trial.judge('b', second);
    state.pending = false;
    const then = trial.judge('b', second);
    await clock.advanceBy(1);

    expect([...before, after, meanwhile, then]).toEqual(['wait', 'wait', 'go', 'wait', 'wait']);
    expect(trial.judge('b', second)).toBe('go');
    expect(done).toEqual(['mark 1 from 7 a', 'wake', 'mark 1 from 8 b', 'wake']);
  });

  it('lets as many go together as have been noted, and more once eight such groups are handled', async () => {
    const { trial, done, state, clock } = await world({ size: 2 });
    const groups: number[] = [];
    let at = 0;
    const next = (): EntityInput => input(1 + ((at += 1) % 90));
    for (let group = 0; group < 18; group += 1) {
      trial.judge('a', next());
      await clock.advanceBy(1);
      let size = 1;
      state.pending = true;
      while (trial.judge('b', next()) === 'go') size += 1;
      state.pending = false;
      groups.push(size);
    }
    const sizes = [...Array.from({ length: 8 }, () => 2), ...Array.from({ length: 8 }, () => 16), 64, 64];

    expect(groups).toEqual(sizes);
    expect(done.filter((one) => one.startsWith('mark')).map((one) => Number(one.split(' ')[1]))).toEqual(
      sizes,
    );
    expect(trial.ahead).toBe(0);
  });

  it('tries nothing that came later, was handled before, or stands still', async () => {
    const { trial, done, live, parked } = await world();
    const known = new LiveEntity('known');
    known.position = 50;
    live.set('known', known);
    parked.add('parked');

    expect(trial.judge('a', input(101))).toBe('go');
    expect(trial.judge('known', input(50))).toBe('go');
    expect(trial.judge('parked', input(60))).toBe('go');
    expect(trial.judge('parked', timerInput('parked', 5))).toBe('go');
    expect(done).toEqual([]);
    expect(trial.judge('known', input(51))).toBe('wait');
    expect(done).toEqual(['mark 1 from 51 known']);
  });

  it('gives up what three died of, unless that was handled all the same', async () => {
    const suspect = { sequence: 7, key: 'a', deaths: 3, crashes: 5 };

    expect((await world(suspect)).trial.judge('a', input(7))).toBe('deadly');
    expect((await world(suspect, 7)).trial.judge('a', input(7))).toBe('go');
    expect((await world({ ...suspect, deaths: 2 })).trial.judge('a', input(7))).toBe('wait');
    expect((await world(suspect)).trial.judge('b', input(7))).toBe('wait');
    expect((await world({ ...suspect, sequence: 0 }, 7)).trial.judge('a', timerInput('a', 1))).toBe('deadly');
  });

  it('waits a second for the children of what was tried, but not beyond its turn', async () => {
    const { trial, done, live, state, clock } = await world();
    const first = input(7);
    first.key = 'a';
    trial.judge('a', first);
    await clock.advanceBy(1);
    trial.judge('a', first);
    const entity = new LiveEntity('a');
    entity.state = { value: {}, timers: [], self: undefined } as never;
    live.set('a', entity);
    state.busy = true;
    const early = trial.judge('b', input(8));
    trial.nothingLeft();
    const soFar = [...done];
    await clock.advanceBy(1_000);
    const late = done.slice(soFar.length);
    trial.judge('b', input(8));

    expect(early).toBe('wait');
    expect(soFar).toEqual(['mark 1 from 7 a', 'wake']);
    expect(late).toEqual(['wake']);
    expect(done.at(-1)).toBe('mark 1 from 8 b');
  });

  it('is over when nothing is left, and makes room for others', async () => {
    const { trial, done, state, trials, clock } = await world();
    const next = trials.enter(1);
    let admitted = false;
    void next.admitted.then(() => (admitted = true));
    state.pending = true;
    trial.nothingLeft();
    state.pending = false;
    state.leaving = 1;
    trial.nothingLeft();
    const early = [...done];
    state.leaving = 0;
    trial.nothingLeft();
    await clock.advanceBy(500);
    const alone = admitted;
    trial.leave();
    await clock.advanceBy(500);

    expect(early).toEqual([]);
    expect(done).toEqual(['acquit', 'acquitted', 'end', 'wake']);
    expect([alone, admitted]).toEqual([false, true]);
  });

  it('tells that nothing could be kept, unless it has been left', async () => {
    const { trial, done, state, clock } = await world();
    state.failing = true;
    trial.judge('a', input(7));
    await clock.advanceBy(1);
    const left = await world();
    left.state.failing = true;
    left.trial.judge('a', input(7));
    left.trial.leave();
    await left.clock.advanceBy(1);

    expect(done).toEqual(['mark 1 from 7 a', 'failed']);
    expect(left.done).toEqual(['mark 1 from 7 a']);
  });
});
