import { Observable, type Subscriber } from 'rxjs';
import type { ActorDefinition, ActorFrame } from '../../actors/define-actor.ts';
import type { Clock } from '../../streams/event/clock.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import { AskError, BreakwaterError } from '../../streams/event/errors.ts';
import { checkOptions } from '../../streams/event/check-options.ts';
import type { AskOptions } from '../entities/entity-host.ts';
import { checkNumber } from '../options.ts';
import type { BusRequests } from '../requests/request-options.ts';

/** An actor of this or another process, by its name: made by `bus.actor`. It need not be there yet. */
export interface RemoteActorRef<Signal = unknown, View = unknown> {
  readonly name: string;
  /**
   * Sends a signal, and resolves when the actor has taken it. At most once; signals of one process arrive in order,
   * where their schema is synchronous.
   * Rejects as `bus.ask` does.
   */
  send(this: void, signal: Signal, options?: AskOptions): Promise<void>;
  /**
   * Resolves to the answer to a question about what the actor shows, after every signal whose `send` had resolved by
   * then. The question is asked here, of a copy. Rejects as `bus.ask` does, and with what the question throws.
   */
  ask<Answer>(this: void, question: (view: View) => Answer, options?: AskOptions): Promise<Awaited<Answer>>;
  /**
   * Emits what the actor shows now, then each change; a subscriber that is slow misses those between. Completes when it
   * is done or stopped; fails with AskError when it failed, or cannot be reached for five seconds.
   */
  readonly snapshot$: Observable<View>;
}

/** Milliseconds that a watcher waits for a change before it asks anew: how soon it sees that nobody is there. */
const waitMs = 1000;
/** Milliseconds that an actor may be out of reach before its watchers fail. */
const patienceMs = 5000;
const againMs = 100;

export interface RemoteRefPorts {
  readonly ask: BusRequests['ask'];
  readonly clock: Clock;
}

/** A ref of the actor of that definition. */
export function remoteRef<Signal, View>(
  { name, send, watch }: ActorDefinition,
  { ask, clock }: RemoteRefPorts,
): RemoteActorRef<Signal, View> {
  return {
    name,
    send: async (signal, options = {}) => {
      await ask(send, signal, timeoutOf('send', options));
    },
    ask: async <Answer>(
      question: (view: View) => Answer,
      options: AskOptions = {},
    ): Promise<Awaited<Answer>> => {
      if (typeof question !== 'function') {
        throw new TypeError(`ask takes a function of what the actor shows, got ${describeValue(question)}`);
      }
      const timing = timeoutOf('ask', options);
      const { view } = await ask(watch, { run: '', version: 0, waitMs: 0 }, timing);
      return await question(view as View);
    },
    snapshot$: new Observable((output) => {
      const stop = new AbortController();
      void follow(output, stop.signal, { name, watch }, { ask, clock });
      return () => stop.abort();
    }),
  };
}

function timeoutOf(call: string, options: AskOptions): { readonly timeoutMs: number } {
  checkOptions(call, options, { timeoutMs: true });
  const { timeoutMs = 30_000 } = options;
  checkNumber('timeoutMs', timeoutMs, 1);
  return { timeoutMs };
}

/** Asks again and again what has changed since. */
async function follow(
  output: Subscriber<unknown>,
  signal: AbortSignal,
  { name, watch }: Pick<ActorDefinition, 'name' | 'watch'>,
  { ask, clock }: RemoteRefPorts,
): Promise<void> {
  let seen = { run: '', version: 0 };
  let reachedAt = clock.monotonic();
  while (!output.closed) {
    try {
      const frame = await ask(watch, { ...seen, waitMs }, { timeoutMs: 2 * waitMs, signal });
      reachedAt = clock.monotonic();
      if (output.closed) return;
      seen = { run: frame.run, version: frame.version };
      if ('view' in frame) output.next(frame.view);
      if (frame.status !== 'active') end(output, name, frame.status);
    } catch (error) {
      if (output.closed) return;
      const passing = error instanceof BreakwaterError && error.retryable;
      if (!passing || clock.monotonic() - reachedAt >= patienceMs) output.error(error);
      else await new Promise<void>((resolve) => clock.setTimeout(resolve, againMs, true));
    }
  }
}

function end(
  output: Subscriber<unknown>,
  name: string,
  status: Exclude<ActorFrame['status'], 'active'>,
): void {
  if (status !== 'error') {
    output.complete();
    return;
  }
  const message = `actor ${name} has failed`;
  output.error(
    new AskError(message, {
      code: 'ERR_ASK_REFUSED',
      type: name,
      remote: { code: 'ERR_ACTOR_FAILED', message, retryable: false },
    }),
  );
}
