import { Subject } from 'rxjs';
import {
  joinInterval,
  matchPattern,
  pattern,
  type Watermark,
  withoutWatermarks,
  withWatermarks,
} from 'breakwater/streams';
import { atLeast, noGoal } from '../harness/goals.ts';
import { ratePerCore } from '../harness/measure.ts';
import type { Measure, Row } from '../harness/row.ts';
import { drawSteps, type Step } from '../workload/steps.ts';

const events = 512 * 1024;

const threeSteps = pattern<Step>()
  .begin('first', (step) => step.kind === 'a')
  .followedBy('second', (step) => step.kind === 'b')
  .followedBy('third', (step, so) => step.kind === 'c' && step.weight >= so.first[0].weight)
  .within(60_000);

/** Looks for the pattern among steps of so many users, in order of arrival or sorted up to the watermark. */
function matching(users: number, order: 'arrival' | 'event-time'): () => Measure {
  return () => {
    const steps = drawSteps(events, users);
    return () => {
      const source = new Subject<Step>();
      const watermarks = withWatermarks<Step>({ boundMs: 1_000, everyMs: 100 });
      const match = matchPattern(threeSteps, { key: (step: Step) => step.user, order });
      let matches = 0;
      (order === 'arrival' ? source.pipe(match) : source.pipe(watermarks, match))
        .pipe(withoutWatermarks())
        .subscribe(() => (matches += 1));
      const rate = ratePerCore(events, () => {
        for (const step of steps) source.next(step);
        source.complete();
      });
      if (matches === 0) throw new Error('nothing matched');
      return rate;
    };
  };
}

/** The same pattern by hand: time passes for a user only when the user is heard of again, and matches have no ids. */
function byHand(): Measure {
  const steps = drawSteps(events, 10_000);
  return () => {
    let matches = 0;
    const rate = ratePerCore(events, () => {
      const users = new Map<string, { readonly first: Step; second: Step | undefined }[]>();
      for (const step of steps) {
        let runs = users.get(step.user);
        if (runs === undefined) users.set(step.user, (runs = []));
        let kept = 0;
        for (const run of runs) {
          if (run.first.time + 60_000 <= step.time) continue;
          if (run.second === undefined && step.kind === 'b') run.second = step;
          else if (run.second !== undefined && step.kind === 'c' && step.weight >= run.first.weight) {
            matches += 1;
            continue;
          }
          runs[kept] = run;
          kept += 1;
        }
        while (runs.length > kept) runs.pop();
        if (step.kind === 'a') runs.push({ first: step, second: undefined });
      }
    });
    if (matches === 0) throw new Error('nothing matched');
    return rate;
  };
}

function joining(): Measure {
  const steps = drawSteps(events, 1_000);
  return () => {
    const source = new Subject<Step>();
    const side = (kind: Step['kind']) => {
      const one = new Subject<Step | Watermark>();
      source.pipe(withWatermarks({ everyMs: 100 })).subscribe({
        next: (step) => {
          if (!('kind' in step) || step.kind === kind) one.next(step);
        },
        complete: () => one.complete(),
      });
      return one;
    };
    const [lefts, rights] = [side('a'), side('b')];
    let pairs = 0;
    lefts
      .pipe(
        joinInterval(rights, {
          leftKey: (step) => step.user,
          rightKey: (step) => step.user,
          fromMs: 0,
          toMs: 5_000,
        }),
        withoutWatermarks(),
      )
      .subscribe(() => (pairs += 1));
    const rate = ratePerCore(events, () => {
      for (const step of steps) source.next(step);
      source.complete();
    });
    if (pairs === 0) throw new Error('nothing was joined');
    return rate;
  };
}

const shared = { unit: 'events/s', better: 'higher', peers: [] } as const;

export const patternThreeSteps: Row = {
  ...shared,
  id: 'pattern-three-steps',
  what: 'events of 10,000 users looked through for three steps within a minute, in order of arrival',
  goal: atLeast(500_000, 'events/s'),
  subject: { name: 'breakwater', prepare: matching(10_000, 'arrival') },
  peers: [{ name: 'by hand, without ids', prepare: byHand }],
};

export const patternEventTime: Row = {
  ...shared,
  id: 'pattern-event-time',
  what: 'the same, sorted up to a watermark a second behind',
  goal: atLeast(500_000, 'events/s'),
  subject: { name: 'breakwater', prepare: matching(10_000, 'event-time') },
};

export const patternCrowded: Row = {
  ...shared,
  id: 'pattern-crowded',
  what: 'the same with 1,000 users, where seven runs wait for each event',
  goal: noGoal,
  subject: { name: 'breakwater', prepare: matching(1_000, 'arrival') },
};

export const joinIntervalRow: Row = {
  ...shared,
  id: 'join-interval',
  what: 'two of four kinds of events of 1,000 users joined within five seconds',
  goal: noGoal,
  subject: { name: 'breakwater', prepare: joining },
};
