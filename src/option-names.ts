import type { SupervisorOptions } from '../actors/create-supervisor.ts';
import type { MailboxOptions } from '../streams/queue/mailbox.ts';
import type { OptionNames } from '../streams/event/check-options.ts';
import type { DeadLetterOptions } from './dead-letters/dead-letter.ts';
import type {
  DedupeOptions,
  RateLimitOptions,
  RetryOptions,
  SubscriberBreakerOptions,
  SubscriberOptions,
} from './options.ts';
import type { PublishRateLimit } from './publishing/publish-gate.ts';
import type { QueryCacheOptions } from './replay/queries.ts';

export const subscriberOptionNames: OptionNames<SubscriberOptions> = {
  name: true,
  mailbox: true,
  order: true,
  concurrency: true,
  timeoutMs: true,
  breaker: true,
  retry: true,
  fallback: true,
  filter: true,
  minPriority: true,
  sample: true,
  dedupe: true,
  rateLimit: true,
  deadLetterDropped: true,
  durable: true,
  from: true,
};

export const mailboxOptionNames: OptionNames<Omit<MailboxOptions, 'order'>> = {
  capacity: true,
  overflow: true,
  maxBlocked: true,
  strategy: true,
  weights: true,
  agingMs: true,
  ceiling: true,
};

export const breakerOptionNames: OptionNames<SubscriberBreakerOptions> = {
  windowSize: true,
  windowMs: true,
  minimumCalls: true,
  failureRateThreshold: true,
  slowCallDurationMs: true,
  slowCallRateThreshold: true,
  consecutiveFailures: true,
  resetTimeoutMs: true,
  maxResetTimeoutMs: true,
  jitter: true,
  halfOpenCalls: true,
  halfOpenTimeoutMs: true,
  shared: true,
};

export const retryOptionNames: OptionNames<RetryOptions> = {
  maxAttempts: true,
  baseMs: true,
  maxMs: true,
  factor: true,
  jitter: true,
  budgetRatio: true,
  minRetriesPerSecond: true,
};

export const dedupeOptionNames: OptionNames<DedupeOptions> = { windowMs: true, maxIds: true };

export const rateLimitOptionNames: OptionNames<RateLimitOptions> = { eventsPerSecond: true, burst: true };

export const publishRateLimitNames: OptionNames<PublishRateLimit> = {
  ...rateLimitOptionNames,
  onLimit: true,
};

export const supervisorOptionNames: OptionNames<Omit<SupervisorOptions, 'onGiveUp'>> = {
  maxRestarts: true,
  withinMs: true,
  backoff: true,
};

export const deadLetterOptionNames: OptionNames<DeadLetterOptions> = {
  capacity: true,
  overflow: true,
  maxAgeMs: true,
  maxRequeues: true,
};

export const queryCacheOptionNames: OptionNames<QueryCacheOptions> = { maxEvents: true };
