import { checkInteger, checkText, checkTraceparent, checkTracestate } from './check-field.ts';
import { checkMetadata, type MetadataLimits } from './check-metadata.ts';
import type { OptionalFields } from './envelope.ts';

type RawFields = { readonly [Field in keyof OptionalFields]?: unknown };

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/**
 * Checks the fields that link an event to others, and its metadata, and gives a copy of those that are there;
 * `undefined`, without cost, when none is.
 *
 * @throws ValidationError that names the first field that is wrong.
 */
export function checkOptionalFields(
  value: RawFields,
  limits: MetadataLimits,
): Omit<OptionalFields, 'key'> | undefined {
  const { correlationId, causationId, causationDepth, traceparent, tracestate, metadata } = value;
  if (
    correlationId === undefined &&
    causationId === undefined &&
    causationDepth === undefined &&
    traceparent === undefined &&
    tracestate === undefined &&
    metadata === undefined
  ) {
    return undefined;
  }
  const copy: Mutable<OptionalFields> = {};
  if (correlationId !== undefined) copy.correlationId = checkText('correlationId', correlationId);
  if (causationId !== undefined) copy.causationId = checkText('causationId', causationId);
  if (causationDepth !== undefined) copy.causationDepth = checkInteger('causationDepth', causationDepth, 0);
  if (traceparent !== undefined) copy.traceparent = checkTraceparent(traceparent);
  if (tracestate !== undefined) copy.tracestate = checkTracestate(tracestate);
  if (metadata !== undefined) copy.metadata = checkMetadata(metadata, limits);
  return copy;
}
