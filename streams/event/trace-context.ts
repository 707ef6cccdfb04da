import type { Random } from './random.ts';
import { formatTracestate, parseTracestate, trimBlanks } from './tracestate.ts';

/** A W3C `traceparent`, taken apart. */
export interface Traceparent {
  /** 32 hex digits, shared by all that belongs to one trace. */
  readonly traceId: string;
  /** 16 hex digits: the span that comes before. */
  readonly parentId: string;
  /** 0 to 255; bit 0 says that the trace is recorded. */
  readonly flags: number;
}

/** The trace that an event belongs to, as its fields carry it. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

const length = 55;
const zeroTrace = '0'.repeat(32);
const zeroParent = '0'.repeat(16);

/**
 * Takes a `traceparent` apart; `undefined` when it is invalid, which by W3C means to start a new trace.
 * Versions to come are read as far as version 00 goes. Spaces and tabs around it must be gone already.
 */
export function parseTraceparent(text: string): Traceparent | undefined {
  if (!isTraceparent(text)) return undefined;
  return {
    traceId: text.slice(3, 35),
    parentId: text.slice(36, 52),
    flags: Number.parseInt(text.slice(53, length), 16),
  };
}

/** Whether `text` is a valid `traceparent` of this version or one to come. O(55), no allocation. */
export function isTraceparent(text: unknown): text is string {
  if (typeof text !== 'string' || text.length < length) return false;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    const isDash = at === 2 || at === 35 || at === 52;
    if (isDash ? code !== 45 : !isLowerHex(code)) return false;
  }
  if (text.startsWith('ff')) return false;
  if (text.startsWith(zeroTrace, 3) || text.startsWith(zeroParent, 36)) return false;
  // Version 00 ends here; a later one may go on, but only after another dash.
  if (text.startsWith('00')) return text.length === length;
  return text.length === length || text.charCodeAt(length) === 45;
}

/** Writes a `traceparent` of version 00. */
export function formatTraceparent({ traceId, parentId, flags }: Traceparent): string {
  return `00-${traceId}-${parentId}-${flags.toString(16).padStart(2, '0')}`;
}

/** Starts a new trace, recorded unless `sampled` is false. */
export function startTrace(random: Random, sampled = true): string {
  return formatTraceparent({
    traceId: randomHex(random, 32),
    parentId: randomHex(random, 16),
    flags: sampled ? 1 : 0,
  });
}

/**
 * Goes on with a trace: the same trace id and recording decision, a new parent id. An invalid `traceparent`
 * starts a new trace, as W3C asks.
 */
export function childOf(traceparent: string, random: Random): string {
  if (!isTraceparent(traceparent)) return startTrace(random);
  const sampled = Number.parseInt(traceparent.slice(53, length), 16) & 1;
  return `00-${traceparent.slice(3, 35)}-${randomHex(random, 16)}-0${sampled}`;
}

/**
 * Goes on with the trace that a request carries in its headers, or starts one where it carries none, or an
 * invalid one, or two.
 *
 * Names are read in any case; several `tracestate` headers are one in their order. Without a valid
 * `traceparent` the `tracestate` is dropped, as W3C Trace Context §3.3 asks.
 *
 * @example
 * ```ts
 * const trace = continueTrace(Object.entries(request.headers), random);
 * ```
 */
export function continueTrace(
  headers: Iterable<readonly [name: string, value: string]>,
  random: Random,
): TraceContext {
  const parents: string[] = [];
  const states: string[] = [];
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (lower === 'traceparent') parents.push(trimBlanks(value));
    else if (lower === 'tracestate') states.push(value);
  }
  const [parent] = parents;
  if (parents.length !== 1 || !isTraceparent(parent)) return { traceparent: startTrace(random) };

  const traceparent = childOf(parent, random);
  const tracestate = formatTracestate(parseTracestate(states.join(',')) ?? []);
  return tracestate === '' ? { traceparent } : { traceparent, tracestate };
}

// 16 bits a draw, which even the weakest generators have. All zeros would be invalid.
function randomHex(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits) text += (Math.floor(random() * 0x10000) + 0x10000).toString(16).slice(1);
  return /[^0]/.test(text) ? text : `${text.slice(1)}1`;
}

function isLowerHex(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 102);
}
