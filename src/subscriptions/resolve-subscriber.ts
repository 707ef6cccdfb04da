import { keepsPlace } from '../keeps-place.ts';
import type { Handler } from '../../actors/handler.ts';
import { retryPolicy, type RetryPolicy } from '../../actors/settlement.ts';
import { describeValue } from '../../streams/event/describe-value.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import type { MailboxOptions } from '../../streams/queue/mailbox.ts';
import type { RetryBudgetOptions } from '../../streams/queue/retry-budget.ts';
import { compileAcceptance, type Acceptance, type AcceptancePorts } from '../publishing/acceptance.ts';
import { checkOptions } from '../../streams/event/check-options.ts';
import {
  breakerOptionNames,
  dedupeOptionNames,
  mailboxOptionNames,
  rateLimitOptionNames,
  retryOptionNames,
} from '../option-names.ts';
import {
  checkInteger,
  checkNumber,
  checkRateLimit,
  type RateLimitOptions,
  type SubscriberBreakerOptions,
  type SubscriberOptions,
} from '../options.ts';
import { checkKeeps, neededSharedState } from '../needed-store.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import { checkStart, type StartFrom } from '../start-from.ts';
import type { Transport } from '../transport/transport.ts';

/** A subscriber's options, checked and complete. */
export interface ResolvedSubscriber {
  readonly name: string;
  readonly patterns: readonly (string | GlobPattern)[];
  readonly handler: Handler;
  readonly fallback: Handler | undefined;
  readonly mailbox: MailboxOptions;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly breaker: SubscriberBreakerOptions | false;
  /** Where its breaker is shared with other processes, if it is. */
  readonly sharedState: SnapshotStore | undefined;
  readonly retry: RetryPolicy;
  readonly retryBudget: RetryBudgetOptions;
  readonly rateLimit: RateLimitOptions | undefined;
  readonly deadLetterDropped: boolean;
  /** Its place is kept under its name. */
  readonly durable: boolean;
  readonly from: StartFrom;
  readonly acceptance: Acceptance;
}

/** Handlers are user code: what can be told at registration is told there, not at the first event. */
export function checkHandler(name: string, handler: unknown): Handler {
  if (typeof handler === 'function') return handler as Handler;
  throw new TypeError(`${name} must be a function of an event and a context, got ${describeValue(handler)}`);
}

/**
 * Checks what a subscriber chose and fills in the defaults.
 *
 * @throws RangeError or TypeError that names the option and the value.
 */
export function resolveSubscriber(
  name: string,
  patterns: readonly (string | GlobPattern)[],
  handler: Handler,
  options: SubscriberOptions,
  ports: AcceptancePorts & { readonly wrap: (handler: Handler) => Handler; readonly transport: Transport },
): ResolvedSubscriber {
  const { mailbox = {}, order = 'none', concurrency = 16, timeoutMs = 30_000, retry = {} } = options;
  const { breaker = {}, fallback, rateLimit, deadLetterDropped = false, from = 'now' } = options;
  checkKeeps(from, ports.transport);
  checkInteger('concurrency', concurrency, 1);
  checkNumber('timeoutMs', timeoutMs, 1);
  if (typeof deadLetterDropped !== 'boolean') {
    throw new TypeError(`deadLetterDropped must be true or false, got ${describeValue(deadLetterDropped)}`);
  }
  checkGroups(options);
  const { budgetRatio = 0.2, minRetriesPerSecond = 10 } = retry === false ? {} : retry;
  checkNumber('budgetRatio', budgetRatio, 0, Number.MAX_VALUE);
  const ownEvents = patterns.some(
    (pattern) => typeof pattern === 'string' && pattern.startsWith('breakwater.'),
  );
  return {
    name,
    patterns,
    handler: ports.wrap(checkHandler('handler', handler)),
    fallback: fallback === undefined ? undefined : ports.wrap(checkHandler('fallback', fallback)),
    mailbox: { ...mailbox, order },
    concurrency,
    timeoutMs,
    breaker,
    sharedState: sharedStateOf(options, ports.transport),
    retry: retryPolicy(retry),
    retryBudget: { ratio: budgetRatio, minRetriesPerSecond },
    rateLimit,
    deadLetterDropped,
    durable: keepsPlace(options.name, options.durable),
    from: checkStart(from),
    acceptance: compileAcceptance(name, ownEvents, options, ports),
  };
}

/** Where a breaker that is to be shared is kept: under a name that means the same in each process. */
function sharedStateOf(
  { name, breaker }: SubscriberOptions,
  transport: Transport,
): SnapshotStore | undefined {
  const shared = breaker !== undefined && breaker !== false && breaker.shared;
  if (typeof shared !== 'boolean' && shared !== undefined) {
    throw new TypeError(`breaker.shared must be true or false, got ${describeValue(shared)}`);
  }
  if (shared !== true) return undefined;
  if (name === undefined) {
    throw new TypeError(
      'breaker.shared needs a name that is the same in each process; give the subscriber one',
    );
  }
  return neededSharedState(transport, 'breaker.shared');
}

/** The options that are groups of options: objects, without names that do not exist. */
function checkGroups(options: SubscriberOptions): void {
  const { mailbox, breaker, retry, dedupe, rateLimit } = options;
  if (mailbox !== undefined) checkOptions('mailbox', mailbox, mailboxOptionNames);
  if (breaker !== undefined && breaker !== false) checkOptions('breaker', breaker, breakerOptionNames);
  if (retry !== undefined && retry !== false) checkOptions('retry', retry, retryOptionNames);
  if (typeof dedupe !== 'boolean' && dedupe !== undefined) checkOptions('dedupe', dedupe, dedupeOptionNames);
  if (rateLimit === undefined) return;
  checkOptions('rateLimit', rateLimit, rateLimitOptionNames);
  checkRateLimit(rateLimit);
}
