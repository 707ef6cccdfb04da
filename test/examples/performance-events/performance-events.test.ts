import type { EventEnvelope } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { createEventSystem } from '../../../examples/3-performance-events/event-system.ts';
import { createPerformanceCoordinator } from '../../../examples/3-performance-events/performance-coordinator.ts';
import { operationComplete } from '../../../examples/3-performance-events/performance-events.ts';
import {
  validationErrorOccurred,
  validationPhaseCompleted,
} from '../../../examples/3-performance-events/validation-events.ts';

const measured = {
  contextId: 'invoice-7',
  fieldPath: 'invoice.total',
  operation: 'validation',
  durationMs: 12,
  phase: 'schema',
  status: 'completed',
  resourceUsage: { cpuPercent: 30, memoryBytes: 1_048_576 },
} as const;

describe('performance events', () => {
  it('have id, type and time in the envelope, and all fields of a measurement', async () => {
    await using bus = createEventSystem('memory');
    const seen: EventEnvelope[] = [];
    bus.subscribe(operationComplete, (event) => void seen.push(event));

    await bus.publish(operationComplete, measured);
    await bus.idle();

    expect(seen).toEqual([
      expect.objectContaining({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/u),
        type: 'performance.operation.complete',
        time: expect.any(Number),
        data: measured,
      }),
    ]);
  });

  it('go to JSON and back without loss, and are checked when they come back', async () => {
    await using bus = createEventSystem('memory');
    const seen: EventEnvelope[] = [];
    bus.subscribe('>', (event) => void seen.push(event));
    await bus.publish(operationComplete, measured, { metadata: { region: 'eu' }, correlationId: 'visit-7' });
    await bus.idle();

    const text = JSON.stringify(seen[0]);
    await bus.publish(JSON.parse(text) as EventEnvelope);
    await bus.idle();

    expect(seen[1]).toEqual(seen[0]);
    expect(seen[1]).not.toBe(seen[0]);
    const broken = { ...JSON.parse(text), data: { ...measured, durationMs: 'long' } };
    await expect(bus.publish(broken)).rejects.toMatchObject({ issues: [{ field: 'data.durationMs' }] });
  });

  it('cannot be changed: assignments do not compile, and the publisher keeps no hold of them', async () => {
    await using bus = createEventSystem('memory');
    const input = { contextId: 'invoice-7', phase: 'schema' };
    const seen: string[] = [];
    bus.subscribe(validationPhaseCompleted, (event) => {
      // @ts-expect-error -- the fields of an event are read-only
      const change = (): void => void (event.type = 'other');
      seen.push(event.data.phase, typeof change);
    });

    const publishing = bus.publish(validationPhaseCompleted, input);
    input.phase = 'changed';
    await publishing;
    await bus.idle();

    expect(seen).toEqual(['schema', 'function']);
  });

  it('of an older version are lifted to the current one', async () => {
    await using bus = createEventSystem('memory');
    const seen: unknown[] = [];
    bus.subscribe(
      validationErrorOccurred,
      ({ schemaVersion, data }) => void seen.push([schemaVersion, data]),
    );
    const data = { contextId: 'invoice-6', path: 'invoice.date', message: 'in the future' };

    await bus.publish({ type: 'validation.error.occurred', schemaVersion: 1, source: 'v1', data } as never);
    await bus.idle();

    expect(seen).toEqual([
      [2, { contextId: 'invoice-6', fieldPath: 'invoice.date', message: 'in the future' }],
    ]);
  });
});

describe('the performance coordinator', () => {
  it.each(['noop', 'memory'] as const)(
    'never breaks what it measures, on the %s transport',
    async (carrier) => {
      const bus = createEventSystem(carrier);
      const coordinator = createPerformanceCoordinator(bus, 'invoice-7');

      await expect(coordinator.startPhase('schema', 'invoice.total')).resolves.toMatchObject({ ok: true });
      await expect(coordinator.endPhase('schema', 'invoice.total', -1)).resolves.toMatchObject({
        ok: false,
        error: { code: 'ERR_VALIDATION' },
      });
      await bus.close();
      await expect(coordinator.recordMetric('queue-length', 3)).resolves.toMatchObject({
        ok: false,
        error: { code: 'ERR_CLOSED' },
      });
    },
  );

  it('says what phase of what began and ended', async () => {
    await using bus = createEventSystem('memory');
    const seen: unknown[] = [];
    bus.subscribe('performance.>', ({ type, data }) => void seen.push([type, data]), { order: 'total' });
    const coordinator = createPerformanceCoordinator(bus, 'invoice-7');

    await coordinator.startPhase('schema', 'invoice.total');
    await coordinator.endPhase('schema', 'invoice.total', 12, measured.resourceUsage);
    await bus.idle();

    expect(seen).toMatchObject([
      [
        'performance.phase.start',
        { operation: 'validation', durationMs: 0, phase: 'schema', status: 'started' },
      ],
      ['performance.phase.end', measured],
    ]);
  });
});
