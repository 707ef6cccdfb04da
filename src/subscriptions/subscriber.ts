import { Subject, type Subscription as RxSubscription } from 'rxjs';
import { createSubscriberActor, type SubscriberActor } from '../../actors/create-subscriber-actor.ts';
import { Dispatcher } from '../../actors/dispatcher.ts';
import type { HandlerCall } from '../../actors/handler-call.ts';
import type { Handler } from '../../actors/handler.ts';
import { settle } from '../../actors/settlement.ts';
import type { Delivery } from '../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../streams/event/envelope.ts';
import { ClosedError, QueueFullError } from '../../streams/event/errors.ts';
import type { Outcome } from '../../streams/event/outcome.ts';
import { laneOf } from '../../streams/event/priority.ts';
import { Credit } from '../../streams/queue/credit.ts';
import type { DropReason } from '../../streams/queue/mailbox.ts';
import { RetryBudget } from '../../streams/queue/retry-budget.ts';
import type { DeadLetterReason } from '../dead-letters/dead-letter.ts';
import { callOutcome } from '../call-outcome.ts';
import { GiverUp } from './giver-up.ts';
import { Quiet } from '../quiet.ts';
import { RateHold } from './rate-hold.ts';
import type { ResolvedSubscriber } from './resolve-subscriber.ts';
import { SubscriberCounters } from './subscriber-stats.ts';
import type { SubscriberPorts } from './subscriber-ports.ts';
import type { MailboxStatus, TransportSubscription } from '../transport/transport.ts';

/**
 * One subscriber at work: mailbox and credit, breaker and flow, handler calls and what becomes of them.
 *
 *     transport ─► deliveries ─► dispatcher ─► handler
 *        ▲  credit                   │ ended
 *        └── ack, nak, term ◄── settlement ──► breaker, counters, dead letters
 *
 * The order within one settlement is the guarantee: counters, then the breaker (which may withdraw the
 * permits), then the delivery, which may start the next call.
 */
export class Subscriber {
  readonly config: ResolvedSubscriber;
  readonly counters: SubscriberCounters;
  readonly actor: SubscriberActor;
  readonly outcomes = new Subject<Outcome>();
  readonly #ports: SubscriberPorts;
  readonly #credit: Credit;
  readonly #dispatcher: Dispatcher;
  readonly #budget: RetryBudget;
  readonly #rate: RateHold | undefined;
  #source: TransportSubscription;
  #deliveries: RxSubscription;
  readonly #quiet = new Quiet();
  readonly #givenUp: GiverUp;
  #closing = false;

  constructor(config: ResolvedSubscriber, ports: SubscriberPorts) {
    this.config = config;
    this.#ports = ports;
    const { clock, random } = ports;
    this.counters = new SubscriberCounters(clock);
    this.#givenUp = new GiverUp(config.name, ports);
    this.#credit = new Credit(config.concurrency);
    this.actor = createSubscriberActor(
      {
        breaker: config.breaker,
        shared: config.sharedState !== undefined,
        concurrency: config.concurrency,
        whileOpen: config.fallback === undefined ? 'wait' : 'call',
      },
      { clock, random, credit: this.#credit },
    );
    this.#dispatcher = new Dispatcher(
      { name: config.name, timeoutMs: config.timeoutMs },
      {
        clock,
        handler: this.#handler,
        epoch: () => this.actor.begin(),
        publish: ports.publishFrom,
        succeeded: this.#succeeded,
        failed: this.#failed,
      },
    );
    this.#budget = new RetryBudget(config.retryBudget);
    this.#rate =
      config.rateLimit === undefined ? undefined : new RateHold(config.rateLimit, this.#credit, clock);
    [this.#source, this.#deliveries] = this.#connect();
  }

  /** Handler calls that run now. */
  get running(): number {
    return this.#credit.inFlight;
  }

  get mailbox(): MailboxStatus {
    return this.#source.status();
  }

  /** Whether nothing waits and nothing runs. */
  get quiet(): boolean {
    if (this.#credit.inFlight > 0) return false;
    const { depths, parked, lag = 0 } = this.#source.status();
    return parked + lag === 0 && depths[0] + depths[1] + depths[2] + depths[3] === 0;
  }

  /** Whether what it has not handled when it ends comes again in the next run. */
  get keeps(): boolean {
    return this.#source.durable === true;
  }

  /** Events that wait here or run. */
  get held(): number {
    const { depths, parked } = this.#source.status();
    return this.#credit.inFlight + parked + depths[0] + depths[1] + depths[2] + depths[3];
  }

  /** Resolves when nothing waits and nothing runs. */
  whenQuiet(): Promise<void> {
    if (this.quiet) return Promise.resolve();
    return this.#quiet.wait();
  }

  /** Takes no more events. Those that wait are still handled. */
  detach(): void {
    this.#source.detach();
  }

  /** Lets go of all that waits; with `closing` to the dead letters, else counted as dropped. */
  disconnect(closing: boolean): void {
    this.#closing = closing;
    this.#rate?.close();
    this.#deliveries.unsubscribe();
  }

  /**
   * Gives up the calls that still run: their signals are aborted, their events go to the dead letters, unless a log
   * has them for the next run.
   */
  abandon(): number {
    const reason = new ClosedError(`the bus closed before ${this.config.name} had handled the event`);
    const calls = this.#dispatcher.dispose();
    for (const call of calls) {
      call.abort(reason);
      const { event, attempt, position } = call.delivery;
      if (this.keeps && position !== undefined) continue;
      if (!this.#store(event, 'closed', reason, attempt, position)) this.counters.dropped += 1;
      call.delivery.term('closed');
    }
    return calls.length;
  }

  /** After a crash: a new stream from the transport. What waited in the old one is counted as dropped. */
  reconnect(): void {
    this.#deliveries.unsubscribe();
    this.counters.restarts += 1;
    [this.#source, this.#deliveries] = this.#connect();
  }

  #connect(): [TransportSubscription, RxSubscription] {
    const { config } = this;
    const source = this.#ports.transport.subscribe(config.patterns, {
      name: config.name,
      credit: this.#credit,
      mailbox: config.mailbox,
      accepts: this.#accepts,
      onRefused: this.config.acceptance.forget,
      onDrop: this.#dropped,
      durable: config.durable,
      from: config.from,
      onCaughtUp: this.#caughtUp,
      onRevoked: (reason) => this.#dispatcher.abortRevoked(reason),
      onUnreadable: (event, error) => this.#store(event, 'unreadable', error, 0),
    });
    const deliveries = source.deliveries.subscribe({
      next: this.#deliver,
      error: (error: unknown) => this.#ports.onCrash(error),
    });
    return [source, deliveries];
  }

  #settled(): void {
    // It can move and has more to do: nobody who waits for quiet needs to look.
    if (this.#credit.inFlight > 0 && this.#credit.limit > 0 && this.#credit.permits > 0) return;
    if (this.#quiet.waiting && this.quiet) this.#quiet.reached();
    this.#ports.onSettled();
  }

  readonly #caughtUp = (): void => this.#settled();

  readonly #deliver = (delivery: Delivery): void => {
    const { counters } = this;
    const lane = laneOf(delivery.event.priority);
    counters.started[lane] = (counters.started[lane] ?? 0) + 1;
    this.#rate?.started();
    this.#dispatcher.dispatch(delivery);
  };

  readonly #handler = (): Handler => {
    const { fallback, handler } = this.config;
    if (fallback === undefined || this.actor.admitting) return handler;
    this.counters.fallbacks += 1;
    return fallback;
  };

  readonly #accepts = (event: EventEnvelope): boolean | 'dead-lettered' | 'dropped' => {
    try {
      if (this.config.acceptance.accepts(event)) return true;
      this.counters.filtered += 1;
      return false;
    } catch (error) {
      if (this.#store(event, 'filter-failed', error, 0)) return 'dead-lettered';
      this.counters.dropped += 1;
      return 'dropped';
    }
  };

  readonly #succeeded = (call: HandlerCall, durationMs: number): void => {
    const { counters } = this;
    counters.succeeded += 1;
    counters.consecutiveFailures = 0;
    counters.latency.record(durationMs);
    counters.lastEndedAt = call.startedAt + durationMs;
    if (call.attempt === 1) this.#budget.deposit(call.startedAt);
    this.actor.end(false, durationMs, call.epoch);
    if (this.outcomes.observed) this.outcomes.next(callOutcome('ok', call, durationMs));
    this.#ports.deadLetters.settled(call.delivery.event);
    call.delivery.ack();
    this.#settled();
  };

  readonly #failed = (call: HandlerCall, durationMs: number, error: unknown, timedOut: boolean): void => {
    const { counters } = this;
    const { clock, random } = this.#ports;
    counters.failed += 1;
    counters.consecutiveFailures += 1;
    if (timedOut) counters.timedOut += 1;
    counters.lastFailure = { time: clock.now(), error, eventId: call.delivery.event.id };
    counters.latency.record(durationMs);
    counters.lastEndedAt = call.startedAt + durationMs;
    if (call.attempt === 1) this.#budget.deposit(call.startedAt);
    this.actor.end(true, durationMs, call.epoch);
    const decision = settle({ error, attempt: call.attempt, policy: this.config.retry, random });
    if (decision.kind === 'retry') {
      const retryInMs = decision.delayMs + this.#budget.withdraw(clock.monotonic());
      counters.retried += 1;
      if (this.outcomes.observed)
        this.outcomes.next(
          callOutcome(timedOut ? 'timed-out' : 'failed', call, durationMs, error, retryInMs),
        );
      call.delivery.nak(retryInMs);
    } else {
      if (this.outcomes.observed)
        this.outcomes.next(callOutcome(timedOut ? 'timed-out' : 'failed', call, durationMs, error));
      this.#deadLetter(call.delivery, decision.kind === 'dead-letter' ? decision.reason : 'exhausted', error);
    }
    this.#settled();
  };

  /** The delivery stays unsettled, and keeps its credit, until the dead letters have it. */
  #deadLetter(delivery: Delivery, reason: DeadLetterReason, error: unknown): void {
    const { event, attempt, position } = delivery;
    let now = true;
    const kept = (): void => {
      delivery.term(reason);
      if (!now) this.#settled();
    };
    const stored = this.#store(event, reason, error, attempt, position, kept);
    now = false;
    if (stored) return;
    this.#ports.deadLetters.whenRoom(() => {
      this.#deadLetter(delivery, reason, error);
      this.#settled();
    });
  }

  #store(
    event: EventEnvelope,
    reason: DeadLetterReason,
    error: unknown,
    attempts: number,
    position?: number,
    kept?: () => void,
  ): boolean {
    const stored = this.#givenUp.store({ event, reason, error, attempts, position }, kept);
    if (stored) this.counters.deadLettered += 1;
    return stored;
  }

  readonly #dropped = (event: EventEnvelope, reason: DropReason): 'dead-lettered' | void => {
    this.#ports.deadLetters.settled(event);
    if (this.#closing) {
      const error = new ClosedError(`the bus closed before ${this.config.name} had handled the event`);
      if (this.#store(event, 'closed', error, 0)) return 'dead-lettered';
    } else if (this.config.deadLetterDropped && reason !== 'unsubscribed') {
      const error = new QueueFullError(`the mailbox of ${this.config.name} was full (${reason})`, [
        this.config.name,
      ]);
      if (this.#store(event, 'dropped', error, 0)) return 'dead-lettered';
    }
    this.counters.dropped += 1;
    if (this.outcomes.observed) {
      const { id: eventId, type: eventType } = event;
      this.outcomes.next({ status: 'dropped', eventId, eventType, attempt: 0, durationMs: 0 });
    }
  };
}
