import { retryPolicy, type RetryPolicy, type RetryPolicyOptions } from '../../actors/settlement.ts';
import { checkChoice, checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import { checkInteger, checkNumber } from '../options.ts';

/** How a kind of entity is hosted. */
export interface EntityHostOptions {
  /** Entities in memory at most; beyond, those not used for longest leave. Those under way may exceed it. Default `10_000`. */
  readonly maxActive?: number;
  /** Milliseconds without an event after which an entity leaves memory. Default `60_000`. */
  readonly passivateAfterMs?: number;
  /** How often an event is tried, and after which delays; `false` for once. Default three times, from 100 ms. */
  readonly retry?: RetryPolicyOptions | false;
  /** Events of all parked keys that are kept in their order; beyond, they go to the dead letters. Default `10_000`. */
  readonly maxParked?: number;
  /** Where a kind begins that was never hosted on this log. Default `'start'`. */
  readonly from?: 'start' | 'now';
}

/** A host's options, checked and complete. */
export interface ResolvedEntityHost {
  readonly maxActive: number;
  readonly passivateAfterMs: number;
  readonly policy: RetryPolicy;
  readonly maxParked: number;
  readonly from: 'start' | 'now';
}

const names: OptionNames<EntityHostOptions> = {
  maxActive: true,
  passivateAfterMs: true,
  retry: true,
  maxParked: true,
  from: true,
};

const retryNames: OptionNames<RetryPolicyOptions> = {
  maxAttempts: true,
  baseMs: true,
  factor: true,
  maxMs: true,
  jitter: true,
};

/** Checks what a host was asked for and fills in the defaults. @throws RangeError or TypeError */
export function resolveEntityHost(options: EntityHostOptions): ResolvedEntityHost {
  checkOptions('host', options, names);
  const {
    maxActive = 10_000,
    passivateAfterMs = 60_000,
    retry = {},
    maxParked = 10_000,
    from = 'start',
  } = options;
  checkInteger('maxActive', maxActive, 1);
  checkNumber('passivateAfterMs', passivateAfterMs, 1);
  checkInteger('maxParked', maxParked, 1);
  checkChoice('from', from, ['start', 'now']);
  if (retry !== false) checkOptions('retry', retry, retryNames);
  return { maxActive, passivateAfterMs, policy: retryPolicy(retry), maxParked, from };
}
