import { tables } from './database.ts';
import { emitActivityLog } from './emit-activity-log.ts';
import { getEventBus } from './event-bus.ts';
import { activityLog, answerGiven, orderCreated } from './events.ts';

const bus = await getEventBus();
console.log(`the same bus each time: ${bus === (await getEventBus())}`);
console.log(`${bus.handlerCount()} handlers, ${bus.handlerCount('answer.given')} of them for answer.given`);
console.log(`event types: ${bus.eventTypes().join(', ')}`);

// Fire and forget: it returns before any handler has run, and never throws.
bus.emit(answerGiven, { userId: 7, question: 'How deep is it?', answer: '42 m' });
bus.emit(activityLog, {
  userId: 7,
  incidentType: 'UNAUTHORIZED_ACCESS',
  severity: 'HIGH',
  description: 'asked for a document above the clearance level',
  userClearanceLevel: 1,
  requiredClearanceLevel: 3,
  accessGranted: false,
  ipAddress: '203.0.113.9',
});
// What lacks a field is logged and skipped; here from a caller without types.
bus.errors$.subscribe((error) => console.log(`skipped: ${(error as Error).message}`));
bus.emit('activity_log', { userId: 7, incidentType: 'UNAUTHORIZED_ACCESS', severity: 'HIGH' });
await emitActivityLog(8, 'LOGIN', 'LOW', 'logged in');
await bus.idle();
for (const [table, rows] of tables) console.log(`${table}: ${rows.length} rows`);

// Work that must not be lost unseen is published, not emitted: this waits until each handler is done.
const { outcomes } = await bus.publishAndWait(orderCreated, { orderId: '42', userId: 7, total: 99.5 });
console.log(outcomes.map(({ subscriber, settlement }) => `${subscriber}: ${settlement}`).join(', '));

bus.disable();
bus.emit(answerGiven, { userId: 7, question: 'Anyone there?', answer: 'no' });
bus.enable();
console.log(`discarded while disabled: ${bus.stats().discarded}`);
await bus.close();
