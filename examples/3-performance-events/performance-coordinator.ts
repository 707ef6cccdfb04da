import type { PublishResult } from 'breakwater';
import type { EventProducer } from './event-system.ts';
import { metricRecorded, phaseEnd, phaseStart, type ResourceUsage } from './performance-events.ts';

/** Tells what the phases of a validation cost. */
export interface PerformanceCoordinator {
  startPhase(phase: string, fieldPath: string): Promise<PublishResult>;
  endPhase(
    phase: string,
    fieldPath: string,
    durationMs: number,
    usage?: ResourceUsage,
  ): Promise<PublishResult>;
  recordMetric(name: string, value: number): Promise<PublishResult>;
}

/** Tells it in events, to whatever carries them. */
export function createPerformanceCoordinator(
  producer: EventProducer,
  contextId: string,
): PerformanceCoordinator {
  const about = (phase: string, fieldPath: string) => ({ contextId, fieldPath, phase });
  return {
    startPhase: (phase, fieldPath) =>
      producer.tryPublish(phaseStart, {
        ...about(phase, fieldPath),
        operation: 'validation',
        durationMs: 0,
        status: 'started',
      }),
    endPhase: (phase, fieldPath, durationMs, resourceUsage) =>
      producer.tryPublish(phaseEnd, {
        ...about(phase, fieldPath),
        operation: 'validation',
        durationMs,
        status: 'completed',
        ...(resourceUsage && { resourceUsage }),
      }),
    recordMetric: (name, value) =>
      producer.tryPublish(metricRecorded, {
        ...about('measurement', 'metrics'),
        operation: name,
        durationMs: value,
        status: 'recorded',
      }),
  };
}
