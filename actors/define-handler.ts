import type { EventEnvelope } from '../streams/event/envelope.ts';
import type { EventDefinition } from '../streams/event/define-event.ts';
import type { GlobPattern } from '../streams/event/glob.ts';
import type { Handler, HandlerContext } from './handler.ts';

/** Marks what `defineHandler` made, also across two copies of this package. */
export const handlerMark: unique symbol = Symbol.for('breakwater.handler') as never;

/** What a handler module says of itself. `Options` are those of `subscribe`. */
export interface HandlerDefinition<Options = object> {
  /** What it handles: a definition, or a pattern. */
  readonly event: EventDefinition | string | GlobPattern;
  /** How it subscribes. */
  readonly options?: Options;
  readonly handle: Handler;
  readonly [handlerMark]: true;
}

/**
 * Defines a handler as a module's default export, for `bus.discoverHandlers(folder)` to find.
 *
 * @example
 * ```ts no-run
 * export default defineHandler({
 *   event: orderPlaced,
 *   options: { order: 'key' },
 *   async handle(event, context) {
 *     await bill(event.data.orderId, event.data.total, context.idempotencyKey);
 *   },
 * });
 * ```
 */
export function defineHandler<Type extends string, Input, Data, Options extends object = object>(definition: {
  readonly event: EventDefinition<Type, Input, Data>;
  readonly options?: Options;
  handle(event: EventEnvelope<Data, Type>, context: HandlerContext): unknown;
}): HandlerDefinition<Options>;
export function defineHandler<Options extends object = object>(definition: {
  readonly event: string | GlobPattern;
  readonly options?: Options;
  handle: Handler;
}): HandlerDefinition<Options>;
export function defineHandler(definition: object): HandlerDefinition {
  return { ...(definition as Omit<HandlerDefinition, typeof handlerMark>), [handlerMark]: true };
}
