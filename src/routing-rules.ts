import { describeValue } from '../streams/event/describe-value.ts';
import type { EventEnvelope } from '../streams/event/envelope.ts';
import { compileFilter, type EventFilter } from '../streams/event/filter.ts';
import type { GlobPattern } from '../streams/event/glob.ts';
import { PatternIndex } from '../streams/event/pattern-index.ts';
import { checkOptions, type OptionNames } from '../streams/event/check-options.ts';

/** Where events go that match, whatever else would have got them. */
export interface RoutingRule {
  /** Unique on its bus; adding a rule of the same name replaces it. */
  readonly name: string;
  /** Types that the rule is about. */
  readonly pattern: string | GlobPattern;
  /** Narrows it further. */
  readonly when?: EventFilter;
  /** Names of the subscribers that get them, among those whose own pattern matches; none: nobody. */
  readonly to: readonly string[];
}

const names: OptionNames<RoutingRule> = { name: true, pattern: true, when: true, to: true };

interface CompiledRule {
  readonly when: ((event: EventEnvelope) => boolean) | undefined;
  readonly to: ReadonlySet<string>;
}

/**
 * The routing rules of a bus. An event that no rule matches goes to every subscriber of its type; one that
 * rules match goes only to the subscribers that those rules name. Rules never change an event or its order.
 *
 * A change takes effect between two events. Costs nothing while there are no rules.
 */
export class RoutingRules {
  readonly #rules = new Map<string, () => void>();
  readonly #index = new PatternIndex<CompiledRule>();

  get size(): number {
    return this.#rules.size;
  }

  /** Adds a rule and gives the function that takes it away. */
  add(rule: RoutingRule): () => void {
    checkOptions('addRoutingRule', rule, names);
    if (typeof rule.name !== 'string' || rule.name === '') {
      throw new TypeError(`name of a routing rule must be a text, got ${describeValue(rule.name)}`);
    }
    if (!Array.isArray(rule.to) || !rule.to.every((subscriber) => typeof subscriber === 'string')) {
      throw new TypeError(
        `to of routing rule ${rule.name} must be an array of names of subscribers, got ${describeValue(rule.to)}`,
      );
    }
    const compiled: CompiledRule = {
      when: rule.when === undefined ? undefined : compileFilter(rule.when),
      to: new Set(rule.to),
    };
    const remove = this.#index.add(rule.pattern, compiled);
    this.#rules.get(rule.name)?.();
    this.#rules.set(rule.name, remove);
    return () => {
      if (this.#rules.get(rule.name) !== remove) return;
      this.#rules.delete(rule.name);
      remove();
    };
  }

  /** Whether the rules let `subscriber` have the event. May throw what a rule's predicate throws. */
  allows(event: EventEnvelope, subscriber: string): boolean {
    let ruled = false;
    for (const rule of this.#index.match(event.type)) {
      if (rule.when !== undefined && !rule.when(event)) continue;
      if (rule.to.has(subscriber)) return true;
      ruled = true;
    }
    return !ruled;
  }
}
