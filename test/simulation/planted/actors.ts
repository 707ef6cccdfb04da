import { createSubscriberActor, type SubscriberActor } from '../../../actors/create-subscriber-actor.ts';
import type { BreakerOptions } from '../../../actors/breaker.ts';
import type { Credit } from '../../../streams/queue/credit.ts';
import { changed } from './changed.ts';

type Make = typeof createSubscriberActor;

function withBreaker(change: (options: BreakerOptions) => BreakerOptions): Make {
  return (options, ports) =>
    createSubscriberActor(
      options.breaker === false || options.breaker === undefined
        ? options
        : { ...options, breaker: change(options.breaker) },
      ports,
    );
}

function withActor(change: (actor: SubscriberActor, credit: Credit) => Partial<SubscriberActor>): Make {
  return (options, ports) => {
    const actor = createSubscriberActor(options, ports);
    return changed(actor, change(actor, ports.credit));
  };
}

/** One failure more than asked for before it opens. */
export const windowOffByOne = withBreaker(({ consecutiveFailures = 5, ...options }) => ({
  ...options,
  consecutiveFailures: consecutiveFailures + 1,
}));

/** A failure rate judged over one call more. */
export const rateWindowOffByOne = withBreaker(({ windowSize = 10, ...options }) => ({
  ...options,
  windowSize: windowSize + 1,
}));

/** One trial more than asked for. */
export const oneTrialMore = withBreaker(({ halfOpenCalls = 3, ...options }) => ({
  ...options,
  halfOpenCalls: halfOpenCalls + 1,
}));

/** An open state that ends too soon. */
export const opensTooShort = withBreaker(({ resetTimeoutMs = 100, ...options }) => ({
  ...options,
  resetTimeoutMs: resetTimeoutMs - 1,
}));

/** Open states that never last longer. */
export const neverBacksOff = withBreaker(({ resetTimeoutMs = 100, ...options }) => ({
  ...options,
  resetTimeoutMs,
  maxResetTimeoutMs: resetTimeoutMs,
}));

/** One call more at a time. */
export const oneCallMore: Make = (options, ports) =>
  createSubscriberActor({ ...options, concurrency: (options.concurrency ?? 16) + 1 }, ports);

/** A breaker that lets everything through. */
export const ignoresBreaker: Make = (options, ports) =>
  createSubscriberActor({ ...options, breaker: false }, ports);

/** Counts results of a state that is over. */
export const forgetsEpoch = withActor((actor) => ({
  end: (failed, durationMs) => actor.end(failed, durationMs, actor.begin()),
}));

/** Takes failures for successes every now and then. */
export const losesFailures = withActor((actor) => {
  let calls = 0;
  return {
    end: (failed, durationMs, epoch) => {
      calls += 1;
      actor.end(failed && calls % 5 !== 0, durationMs, epoch);
    },
  };
});

/** Gives back the credit of each hundredth call twice. */
export const resetsCredits = withActor((actor, credit) => {
  let calls = 0;
  return {
    end: (failed, durationMs, epoch) => {
      calls += 1;
      if (calls % 100 === 0) credit.repay();
      actor.end(failed, durationMs, epoch);
    },
  };
});
