import type { EventEnvelope } from 'breakwater';
import { createEventSystem, type Carrier } from './event-system.ts';
import { createPerformanceCoordinator } from './performance-coordinator.ts';
import { operationComplete } from './performance-events.ts';
import { subscribeListeners } from './subscribe-listeners.ts';
import { validationPhaseCompleted, validationStarted } from './validation-events.ts';

/** Validates one document and says what happened; who listens is none of its business. */
async function validate(carrier: Carrier): Promise<void> {
  await using bus = createEventSystem(carrier);
  const heard = subscribeListeners(bus);
  const contextId = 'invoice-7';
  const coordinator = createPerformanceCoordinator(bus, contextId);

  await bus.publish(validationStarted, { contextId, document: 'invoice.xml' });
  await coordinator.startPhase('schema', 'invoice.total');
  await bus.publish(validationPhaseCompleted, { contextId, phase: 'schema' });
  await coordinator.endPhase('schema', 'invoice.total', 12, { cpuPercent: 30, memoryBytes: 1_048_576 });
  await coordinator.recordMetric('queue-length', 3);
  // From code that has no definitions yet: a type and whatever it has. The bus knows the schema by the type.
  await bus.publish('validation.error.occurred', {
    contextId,
    fieldPath: 'invoice.total',
    message: 'negative',
  });
  const { ok } = await bus.tryPublish('validation.error.occurred', { contextId });
  console.log(`${carrier}: an error without its field was ${ok ? 'published' : 'refused'}`);
  await bus.idle();

  for (const [name, types] of heard) console.log(`  ${name}: ${types.join(', ') || 'nothing'}`);
}

await validate('noop');
await validate('memory');

// An event is plain data: it goes to JSON and back, and is checked again where it comes in.
await using bus = createEventSystem('memory');
const received: EventEnvelope[] = [];
bus.subscribe(operationComplete, (event) => received.push(event));
bus.subscribe('validation.error.*', (event) => received.push(event));
await bus.publish(operationComplete, {
  contextId: 'invoice-7',
  fieldPath: 'invoice',
  operation: 'validation',
  durationMs: 40,
  phase: 'all',
  status: 'completed',
});
await bus.idle();
const text = JSON.stringify(received[0]);
await bus.publish(JSON.parse(text) as EventEnvelope);
await bus.idle();
console.log(`JSON and back: ${JSON.stringify(received[1]) === text ? 'the same event' : 'another event'}`);

// What was written under an older version of the schema is lifted when it is read.
const old = { contextId: 'invoice-6', path: 'invoice.date', message: 'in the future' };
await bus.publish({ ...JSON.parse(text), type: 'validation.error.occurred', schemaVersion: 1, data: old });
await bus.idle();
console.log(`version ${received[2]?.schemaVersion}: ${JSON.stringify(received[2]?.data)}`);
