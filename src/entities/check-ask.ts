import { describeValue } from '../../streams/event/describe-value.ts';
import { checkOptions } from '../../streams/event/check-options.ts';
import { checkNumber } from '../options.ts';
import type { AskOptions } from './entity-host.ts';

/** Checks what `ask` was given, and gives how long it may take, in milliseconds. @throws TypeError, RangeError */
export function checkAsk(question: unknown, options: AskOptions): number {
  checkOptions('ask', options, { timeoutMs: true });
  const { timeoutMs = 30_000 } = options;
  checkNumber('timeoutMs', timeoutMs, 1);
  if (typeof question === 'function') return timeoutMs;
  throw new TypeError(`ask takes a function of what the entity is, got ${describeValue(question)}`);
}
