import type { AnyEventDraft, EventDefinition, EventFields } from './define-event.ts';
import type { EventEnvelope } from './envelope.ts';

/** An event as `publish` takes it whole: a draft made by a definition, or an envelope. */
export type Publishable = AnyEventDraft | EventEnvelope;

/**
 * The ways to name what is published, shared by all forms of publish. With a definition the payload is
 * typed; with a bare type it is validated by the definition that the bus knows, if any.
 */
export interface PublishCall<Result> {
  <Input, Data>(definition: EventDefinition<string, Input, Data>, data: Input, fields?: EventFields): Result;
  (type: string, data: unknown, fields?: EventFields): Result;
  (event: Publishable): Result;
}
