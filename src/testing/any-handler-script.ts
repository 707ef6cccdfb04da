import fc from 'fast-check';
import { plainRecord } from './plain-record.ts';
import type { HandlerDeed, HandlerScript } from './handler-script.ts';

/** Every deed, those that are the least trouble first: draws shrink towards them. */
const allDeeds: readonly HandlerDeed[] = [
  'ok',
  'ok-later',
  'throw',
  'throw-later',
  'retry-after',
  'throw-odd',
  'fatal',
  'hang',
];

/** What scripts may contain. */
export interface HandlerScriptOptions {
  /** Deeds to choose from; they shrink towards the first. Default: all, `ok` most often. */
  readonly deeds?: readonly HandlerDeed[];
  /** Milliseconds that a deed may take. Default `50`. */
  readonly maxTakesMs?: number;
}

/**
 * Draws what a handler does with an event: succeed, fail, hang, throw odd values, take time, attempt after attempt.
 *
 * Shrinks towards one `ok`. `scriptedHandler` makes a handler of it.
 */
export function anyHandlerScript(options: HandlerScriptOptions = {}): fc.Arbitrary<HandlerScript> {
  const { deeds = ['ok', 'ok', 'ok', ...allDeeds], maxTakesMs = 50 } = options;
  return plainRecord({
    deeds: fc.array(fc.constantFrom(...deeds), { minLength: 1, maxLength: 4, size: 'max' }),
    takesMs: fc.nat(maxTakesMs),
  });
}
