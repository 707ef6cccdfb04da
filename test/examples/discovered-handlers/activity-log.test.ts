import { createBus, type EventEnvelope } from 'breakwater';
import { describe, expect, it } from 'vitest';
import { activityLog } from '../../../examples/4-discovered-handlers/events.ts';
import { silentLogger } from '../../support/bus-world.ts';

const incident = {
  userId: 7,
  incidentType: 'UNAUTHORIZED_ACCESS',
  severity: 'HIGH',
  description: 'asked for a document above the clearance level',
} as const;

describe('activity_log', () => {
  it.each(['userId', 'incidentType', 'severity', 'description'])('requires %s', async (field) => {
    const bus = createBus({ logger: silentLogger });
    const { [field]: _left, ...rest } = incident as Record<string, unknown>;

    await expect(bus.publish(activityLog, rest as typeof incident)).rejects.toMatchObject({
      issues: [{ field: `data.${field}` }],
    });
  });

  it('takes what else is known of an incident, and puts what is severe into a faster lane', async () => {
    const bus = createBus({ logger: silentLogger });
    const seen: EventEnvelope[] = [];
    bus.subscribe(activityLog, (event) => void seen.push(event));
    const known = {
      ...incident,
      details: { document: 'plan.pdf' },
      userClearanceLevel: 1,
      requiredClearanceLevel: 3,
      accessGranted: false,
      userQuery: 'show me the plan',
      threatType: 'escalation',
      ipAddress: '203.0.113.9',
      userAgent: 'curl/8',
    };

    await bus.publish(activityLog, known);
    await bus.idle();

    expect(seen).toMatchObject([{ key: '7', priority: 'high', data: known }]);
  });

  it('refuses what is known wrongly', async () => {
    const bus = createBus({ logger: silentLogger });

    await expect(bus.publish(activityLog, { ...incident, ipAddress: 'somewhere' })).rejects.toMatchObject({
      issues: [{ field: 'data.ipAddress' }],
    });
  });
});
