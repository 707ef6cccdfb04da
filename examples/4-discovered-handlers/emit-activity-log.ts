import { getEventBus } from './event-bus.ts';
import { activityLog } from './events.ts';

/**
 * Logs an incident.
 *
 * @deprecated Use `bus.emit(activityLog, { … })`.
 */
export async function emitActivityLog(
  userId: number,
  incidentType: string,
  severity: 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL',
  description: string,
): Promise<void> {
  const bus = await getEventBus();
  bus.emit(activityLog, { userId, incidentType, severity, description });
}
