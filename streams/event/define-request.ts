import type { StandardSchemaV1 } from '@standard-schema/spec';
import { defineEvent, type DefineEventOptions, type EventDefinition } from './define-event.ts';
import { describeValue } from './describe-value.ts';

/** What is asked and what is answered, and how the request is keyed, ranked and versioned. */
export interface DefineRequestOptions<
  Request extends StandardSchemaV1,
  Reply extends StandardSchemaV1,
> extends DefineEventOptions<StandardSchemaV1.InferOutput<Request>> {
  readonly request: Request;
  readonly reply: Reply;
}

/** A typed question: made by `defineRequest`, for `bus.ask` and `bus.respond`. */
export interface RequestDefinition<
  Type extends string = string,
  Input = unknown,
  Data = unknown,
  ReplyInput = unknown,
  Reply = unknown,
> {
  readonly type: Type;
  /** The request, as an event of its own. */
  readonly request: EventDefinition<Type, Input, Data>;
  /** The reply, as an event of its own. */
  readonly reply: EventDefinition<string, ReplyInput, Reply>;
}

/** Marks what `defineRequest` made. */
const definitions = new WeakSet<object>();

/**
 * Defines a question and its answer by their schemas, with any Standard Schema library.
 *
 * Both are checked on both sides: before they are sent, and by who gets them. They cross in the form that was given;
 * what a schema makes of it is made by the receiver.
 *
 * @throws ValidationError when `type` is not a valid event type; RangeError or TypeError for bad options.
 *
 * @example
 * ```ts
 * const quote = defineRequest('price.quote', {
 *   request: z.object({ sku: z.string() }),
 *   reply: z.object({ cents: z.number() }),
 * });
 * bus.respond(quote, ({ data }) => ({ cents: data.sku.length * 100 }));
 * (await bus.ask(quote, { sku: 'tea' })).cents; // => 300
 * ```
 */
export function defineRequest<
  const Type extends string,
  Request extends StandardSchemaV1,
  Reply extends StandardSchemaV1,
>(
  type: Type,
  options: DefineRequestOptions<Request, Reply>,
): RequestDefinition<
  Type,
  StandardSchemaV1.InferInput<Request>,
  StandardSchemaV1.InferOutput<Request>,
  StandardSchemaV1.InferInput<Reply>,
  StandardSchemaV1.InferOutput<Reply>
> {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `request ${describeValue(type)} needs { request, reply }, got ${describeValue(options)}`,
    );
  }
  const { request, reply, ...rest } = options;
  const definition = {
    type,
    request: defineEvent(type, request, rest),
    reply: defineEvent('reply', reply),
  };
  definitions.add(definition);
  return definition;
}

/** Whether a value is what `defineRequest` gives. */
export function isRequestDefinition(value: unknown): value is RequestDefinition {
  return typeof value === 'object' && value !== null && definitions.has(value);
}
