import { compileAttribute } from './attribute.ts';
import { describeValue } from './describe-value.ts';
import type { EventEnvelope } from './envelope.ts';

/** What an attribute is compared with. */
export type FilterValue = string | number | boolean | null;

/**
 * A filter as data, in the dialects of the CloudEvents Subscriptions API. Names of attributes are envelope
 * fields, `metadata.<key>`, `data.<path>` or extension attributes; an absent attribute matches nothing.
 */
export type FilterRule =
  /** Every attribute named equals its value. */
  | { readonly exact: Readonly<Record<string, FilterValue>> }
  /** Every attribute named is text that starts so. */
  | { readonly prefix: Readonly<Record<string, string>> }
  /** Every attribute named is text that ends so. */
  | { readonly suffix: Readonly<Record<string, string>> }
  | { readonly all: readonly EventFilter[] }
  | { readonly any: readonly EventFilter[] }
  | { readonly not: EventFilter };

/** Decides whether an event is wanted. It must answer at once, and must not change the event. */
export type EventPredicate = (event: EventEnvelope) => boolean;

/** A predicate, a rule, or several of which all must hold. */
export type EventFilter = EventPredicate | FilterRule | readonly EventFilter[];

/** Rules inside rules, and rules in all, at most: beyond, it is a mistake or an attack. */
const maxDepth = 32;
const maxRules = 1_000;

interface Compilation {
  rules: number;
}

/**
 * Turns a filter into one function. Nothing of the filter is read afterwards: changing it later changes
 * nothing. The function costs a comparison per attribute, and never changes the event.
 *
 * @throws TypeError for what is no filter: unknown dialects, prototype keys, cycles, more than 32 levels or 1 000
 * rules. The function throws TypeError when a predicate gives anything but true or false: a promise would
 * otherwise count as true.
 *
 * @example
 * ```ts
 * const isBig = compileFilter({ all: [{ prefix: { type: 'order.' } }, { not: { exact: { 'data.vip': true } } }] });
 * ```
 */
export function compileFilter(filter: EventFilter): EventPredicate {
  return compile(filter, 1, { rules: 0 });
}

function compile(filter: unknown, depth: number, compilation: Compilation): EventPredicate {
  compilation.rules += 1;
  if (depth > maxDepth) throw new TypeError(`filter must have at most ${maxDepth} levels; is it cyclic?`);
  if (compilation.rules > maxRules) throw new TypeError(`filter must have at most ${maxRules} rules`);
  if (typeof filter === 'function') return guardPredicate(filter as EventPredicate);
  if (Array.isArray(filter)) return allOf(compileList('all', filter, depth, compilation));
  if (typeof filter !== 'object' || filter === null) {
    throw new TypeError(
      `filter must be a function, a rule or an array of them, got ${describeValue(filter)}`,
    );
  }
  const [[dialect, content] = ['', undefined], ...rest] = Object.entries(filter) as [string, unknown][];
  if (rest.length > 0) {
    throw new TypeError(
      `filter rule must have one dialect, got ${rest.length + 1}: join them with all or any`,
    );
  }
  switch (dialect) {
    case 'exact':
      return allOf(compileTests(dialect, content, isFilterValue, (value, wanted) => value === wanted));
    case 'prefix':
      return allOf(
        compileTests(dialect, content, isText, (value, wanted) => isText(value) && value.startsWith(wanted)),
      );
    case 'suffix':
      return allOf(
        compileTests(dialect, content, isText, (value, wanted) => isText(value) && value.endsWith(wanted)),
      );
    case 'all':
      return allOf(compileList(dialect, content, depth, compilation));
    case 'any':
      return anyOf(compileList(dialect, content, depth, compilation));
    case 'not': {
      const inner = compile(content, depth + 1, compilation);
      return (event) => !inner(event);
    }
    default:
      throw new TypeError(
        `filter dialect must be exact, prefix, suffix, all, any or not, got ${describeValue(dialect)}`,
      );
  }
}

function compileList(
  dialect: string,
  content: unknown,
  depth: number,
  compilation: Compilation,
): EventPredicate[] {
  if (!Array.isArray(content) || content.length === 0) {
    throw new TypeError(
      `filter ${dialect} must be an array of filters, not empty, got ${describeValue(content)}`,
    );
  }
  return content.map((filter: unknown) => compile(filter, depth + 1, compilation));
}

function compileTests<Wanted>(
  dialect: string,
  content: unknown,
  isWanted: (value: unknown) => value is Wanted,
  test: (value: unknown, wanted: Wanted) => boolean,
): EventPredicate[] {
  const entries =
    typeof content === 'object' && content !== null && !Array.isArray(content)
      ? (Object.entries(content) as [string, unknown][])
      : [];
  if (entries.length === 0) {
    throw new TypeError(
      `filter ${dialect} must be an object of attributes and values, not empty, got ${describeValue(content)}`,
    );
  }
  return entries.map(([name, wanted]) => {
    const read = compileAttribute(name);
    if (!isWanted(wanted)) {
      throw new TypeError(`filter ${dialect} of ${describeValue(name)} cannot be ${describeValue(wanted)}`);
    }
    return (event) => test(read(event), wanted);
  });
}

function guardPredicate(predicate: EventPredicate): EventPredicate {
  return function filterByPredicate(event) {
    const accepted: unknown = predicate(event);
    if (typeof accepted === 'boolean') return accepted;
    throw new TypeError(`filter must give true or false at once, got ${describeValue(accepted)}`);
  };
}

function allOf(tests: readonly EventPredicate[]): EventPredicate {
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return (event) => tests.every((test) => test(event));
}

function anyOf(tests: readonly EventPredicate[]): EventPredicate {
  return (event) => tests.some((test) => test(event));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isFilterValue(value: unknown): value is FilterValue {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
