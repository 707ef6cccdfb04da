import { defineEvent, type EventDefinition, type EventEnvelope } from 'breakwater';
import { z } from 'zod';

const resourceUsage = z.object({ cpuPercent: z.number().min(0), memoryBytes: z.int().min(0) });

/** What an operation took of the machine. */
export type ResourceUsage = z.output<typeof resourceUsage>;

const measurement = z.object({
  contextId: z.string(),
  fieldPath: z.string(),
  operation: z.string(),
  durationMs: z.number().min(0),
  phase: z.string(),
  status: z.enum(['started', 'completed', 'recorded']),
  resourceUsage: resourceUsage.optional(),
});

export type Measurement = z.output<typeof measurement>;

/** A measurement on its way: id, type and time are in the envelope. It says all there is to know of it. */
export type PerformanceEvent = EventEnvelope<Measurement>;

const definePerformance = <const Type extends string>(
  type: Type,
): EventDefinition<Type, Measurement, Measurement> =>
  defineEvent(type, measurement, { key: (data) => data.contextId, priority: 'low' });

export const phaseStart = definePerformance('performance.phase.start');
export const phaseEnd = definePerformance('performance.phase.end');
export const metricRecorded = definePerformance('performance.metric.recorded');
export const operationComplete = definePerformance('performance.operation.complete');
