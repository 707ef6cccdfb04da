import { distinctUntilChanged, map } from 'rxjs';
import type { Subscriber } from './subscriber.ts';
import type { SubscriberStats } from './subscriber-stats.ts';
import type { SubscriberState, Subscription } from './subscription.ts';

/** What a handle needs of the host of its subscriber. */
export interface HandlePorts {
  /** Takes no more, handles what waits, then stops. */
  readonly drain: () => Promise<void>;
  /** Stops at once, after the running handlers. */
  readonly unsubscribe: () => Promise<void>;
  /** Hears when it is paused or resumed by hand. */
  readonly paused: (paused: boolean) => void;
}

/** Makes the handle that a user has of a subscriber. */
export function subscriptionHandle(subscriber: Subscriber, ports: HandlePorts): Subscription {
  const { actor, config } = subscriber;
  const state = (): SubscriberState => ({ flow: actor.snapshot.flow, breaker: actor.snapshot.breaker });
  return {
    name: config.name,
    patterns: config.patterns.map((pattern) => (typeof pattern === 'string' ? pattern : pattern.source)),
    get state() {
      return state();
    },
    state$: actor.snapshot$.pipe(
      map(({ flow, breaker }) => ({ flow, breaker })),
      distinctUntilChanged((a, b) => a.flow === b.flow && a.breaker === b.breaker),
    ),
    outcomes$: subscriber.outcomes.asObservable(),
    pause: () => {
      ports.paused(true);
      actor.send({ type: 'pause' });
    },
    resume: () => {
      ports.paused(false);
      actor.send({ type: 'resume' });
    },
    drain: ports.drain,
    unsubscribe: ports.unsubscribe,
    isolate: () => actor.send({ type: 'isolate' }),
    reset: () => actor.send({ type: 'reset' }),
    stats: () => statsOf(subscriber),
    [Symbol.asyncDispose]: ports.unsubscribe,
  };
}

/** The figures of a subscriber, computed now. */
export function statsOf(subscriber: Subscriber): SubscriberStats {
  const { actor, config, counters } = subscriber;
  const { flow, breaker, since } = actor.snapshot;
  return {
    name: config.name,
    patterns: config.patterns.map((pattern) => (typeof pattern === 'string' ? pattern : pattern.source)),
    flow,
    breaker: { state: breaker, since, opened: counters.opened },
    subscribedAt: counters.subscribedAt,
    lastDeliveredAt: counters.lastDeliveredAt,
    calls: counters.calls,
    succeeded: counters.succeeded,
    failed: counters.failed,
    timedOut: counters.timedOut,
    consecutiveFailures: counters.consecutiveFailures,
    successRate: counters.successRate,
    retried: counters.retried,
    deadLettered: counters.deadLettered,
    dropped: counters.dropped,
    filtered: counters.filtered,
    fallbacks: counters.fallbacks,
    restarts: counters.restarts,
    running: subscriber.running,
    latencyMs: counters.latencyStats(),
    queue: counters.queueStats(subscriber.mailbox),
    lastFailure: counters.lastFailure,
  };
}
