import type { EntityCause } from './entity-logic.ts';

/** What is kept of a cause: as much as events that come of it need to know. */
export function causeLink({ id, type, ...rest }: EntityCause): EntityCause {
  const { correlationId, causationDepth, traceparent, tracestate } = rest;
  return {
    id,
    type,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationDepth === undefined ? {} : { causationDepth }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(tracestate === undefined ? {} : { tracestate }),
  };
}
