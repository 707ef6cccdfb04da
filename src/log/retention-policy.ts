import { describeValue } from '../../streams/event/describe-value.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';
import { PatternIndex } from '../../streams/event/pattern-index.ts';
import { checkChoice, checkOptions, type OptionNames } from '../../streams/event/check-options.ts';
import { checkInteger } from '../options.ts';

/** How long events of some types stay in the log. What any of its limits is passed by goes, oldest first. */
export interface RetentionPolicy {
  /** The types it is for. Default: all. An event falls under the first policy of the list that matches it. */
  readonly patterns?: readonly (string | GlobPattern)[];
  /** Milliseconds since an event was appended. Default `Infinity`. */
  readonly maxAgeMs?: number;
  /** Events of this policy that stay at most. Default `Infinity`. */
  readonly maxCount?: number;
  /** Bytes of the events of this policy that stay at most, each encoded alone by `msgpackCodec`. Default `Infinity`. */
  readonly maxBytes?: number;
  /** `'last-per-key'`: of each type and key only the last event stays; those without a key all do. Default `'all'`. */
  readonly keep?: 'all' | 'last-per-key';
}

/** A policy with its defaults filled in. */
export interface ResolvedPolicy {
  /** Undefined for all types. */
  readonly patterns: readonly (string | GlobPattern)[] | undefined;
  readonly maxAgeMs: number;
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly lastPerKey: boolean;
}

/** The policies of a log, and which of them an event of a type falls under. */
export interface PolicySet {
  readonly policies: readonly ResolvedPolicy[];
  /** The index of its policy; undefined when there is none and the event stays for ever. */
  readonly classify: (type: string) => number | undefined;
}

const names: OptionNames<RetentionPolicy> = {
  patterns: true,
  maxAgeMs: true,
  maxCount: true,
  maxBytes: true,
  keep: true,
};

/** Checks policies and fills in their defaults. @throws TypeError, RangeError that name the policy and the option */
export function resolvePolicies(retention: readonly RetentionPolicy[]): PolicySet {
  if (!Array.isArray(retention)) {
    throw new TypeError(`retention must be an array of policies, got ${describeValue(retention)}`);
  }
  const policies = retention.map((policy: RetentionPolicy, at) => resolve(policy, `retention[${at}]`));
  const index = new PatternIndex<number>();
  for (const [at, { patterns = ['>'] }] of policies.entries()) {
    for (const pattern of patterns) index.add(pattern, at);
  }
  // Answers come in the order in which they were added, and so the first policy first.
  return { policies, classify: (type) => index.match(type)[0] };
}

function resolve(policy: RetentionPolicy, what: string): ResolvedPolicy {
  checkOptions(what, policy, names);
  const { patterns, maxAgeMs = Infinity, maxCount = Infinity, maxBytes = Infinity, keep = 'all' } = policy;
  if (patterns !== undefined && !(Array.isArray(patterns) && patterns.length > 0)) {
    throw new TypeError(`${what}.patterns must be an array of patterns, got ${describeValue(patterns)}`);
  }
  checkChoice(`${what}.keep`, keep, ['all', 'last-per-key']);
  for (const [name, limit] of Object.entries({ maxAgeMs, maxCount, maxBytes })) {
    checkInteger(`${what}.${name}`, limit, 0);
  }
  return { patterns, maxAgeMs, maxCount, maxBytes, lastPerKey: keep === 'last-per-key' };
}
