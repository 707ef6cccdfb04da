import type { Subscription } from 'rxjs';
import type { createSubscriberActor, SubscriberActor } from '../../../actors/create-subscriber-actor.ts';
import type { Clock } from '../../../streams/event/clock.ts';
import type { Delivery } from '../../../streams/event/delivery.ts';
import type { EventEnvelope } from '../../../streams/event/envelope.ts';
import { laneOf } from '../../../streams/event/priority.ts';
import { Credit } from '../../../streams/queue/credit.ts';
import type { MailboxOptions } from '../../../streams/queue/mailbox.ts';
import type { Transport, TransportSubscription } from '../../transport/transport.ts';
import { BreakerCheck, breakerOptions } from './breaker-check.ts';
import { LaneFairness } from './lane-fairness.ts';
import type { PublishModel } from './publish-model.ts';
import { dataOf } from './publish-model.ts';
import type { SimulationWorld } from './simulation-world.ts';
import type { SubscriptionModel } from './subscription-model.ts';

/** How a simulated subscriber takes its events. */
export interface SubscriberPlan {
  readonly concurrency: number;
  readonly mailbox: MailboxOptions;
  readonly breaker: boolean;
}

/** What one life of a subscriber stands on. */
export interface SubscriberParts {
  readonly world: SimulationWorld;
  /** The clock of its process. */
  readonly clock: Clock;
  readonly transport: Transport;
  readonly model: SubscriptionModel;
  readonly published: PublishModel;
  readonly makeActor: typeof createSubscriberActor;
}

const maxAttempts = 4;

/** A subscriber for one life of its process: a real actor on a real subscription, with a handler that fails as drawn. */
export class DeliverySubscriber {
  readonly #plan: SubscriberPlan;
  readonly #parts: SubscriberParts;
  readonly #actor: SubscriberActor;
  readonly #subscription: TransportSubscription;
  readonly #check: BreakerCheck | undefined;
  readonly #fairness: LaneFairness | undefined;
  readonly #deliveries: Subscription;
  /** The version of its model that was checked last. */
  #checked = -1;

  constructor(plan: SubscriberPlan, parts: SubscriberParts) {
    this.#plan = plan;
    this.#parts = parts;
    const { world, clock, transport, model } = parts;
    const { concurrency, mailbox, breaker } = plan;
    const credit = new Credit(0);
    this.#check = breaker ? new BreakerCheck(world, model.name) : undefined;
    const { order = 'none', strategy = 'weighted' } = mailbox;
    this.#fairness =
      order === 'none' && strategy === 'weighted' ? new LaneFairness(world, model.name) : undefined;
    this.#actor = parts.makeActor(
      { concurrency, breaker: breaker ? breakerOptions : false },
      { clock, random: world.random, credit },
    );
    this.#subscription = transport.subscribe(['sim.>'], {
      name: model.name,
      credit,
      mailbox,
      durable: true,
      from: 'start',
      onDrop: (event) => this.#dropped(event),
    });
    this.#deliveries = this.#subscription.deliveries.subscribe((delivery) => {
      try {
        this.#take(delivery);
      } catch {
        // The world knows, and ends the run: thrown from here it would end the process of the simulation.
      }
    });
    credit.poke();
  }

  /** Its process has ended. */
  end(): void {
    this.#deliveries.unsubscribe();
  }

  checkConserved(): void {
    const { model } = this.#parts;
    if (model.version === this.#checked) return;
    this.#checked = model.version;
    model.checkConserved(this.#subscription.status());
  }

  #dropped(event: EventEnvelope): void {
    const { world, model, published } = this.#parts;
    const { n } = dataOf(event);
    world.note('subscriber drops event $a', n);
    model.settles(published.positionOf(n));
  }

  #take(delivery: Delivery): void {
    const { world, clock, model, published } = this.#parts;
    const { n } = dataOf(delivery.event);
    const { position = 0, attempt } = delivery;
    if (published.at[position] !== n)
      world.violated('only what is committed is delivered', `event ${n} is given out at ${position}`);
    world.note('start of event $a, attempt $b', n, attempt);
    model.delivered(position, attempt);
    if (model.running > this.#plan.concurrency)
      world.violated('concurrency is bounded', `${model.running} run, ${this.#plan.concurrency} may`);
    this.#fairness?.started(laneOf(delivery.event.priority), this.#subscription.status().depths);
    const expected = this.#check?.starts(this.#actor.snapshot) ?? 0;
    const epoch = this.#actor.begin();
    const failed = world.happens(world.faults.handlerFailure);
    const end = (): void => this.#end(delivery, failed, epoch, expected);
    const ms = world.random() * world.faults.handlerMs;
    if (ms > 0) clock.setTimeout(end, ms);
    else end();
  }

  #end(delivery: Delivery, failed: boolean, epoch: number, expected: number): void {
    const { world, model } = this.#parts;
    const { position = 0, attempt, event } = delivery;
    world.note(failed ? 'event $a fails at attempt $b' : 'event $a is handled', dataOf(event).n, attempt);
    // The model first: the actor may let the next call start before it returns.
    this.#check?.ended(failed, expected);
    if (failed && attempt < maxAttempts) model.retries(position);
    else model.settles(position);
    this.#actor.end(failed, 1, epoch);
    if (!failed) delivery.ack();
    else if (attempt < maxAttempts) delivery.nak(1 + world.random() * 60);
    else delivery.term('exhausted');
    this.#check?.agrees(this.#actor.snapshot);
  }
}
