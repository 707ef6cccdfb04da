import { defineEvent } from 'breakwater';
import { z } from 'zod';

/** Something that the security log should show. Who sees an incident must see it first: severity is the lane. */
export const activityLog = defineEvent(
  'activity_log',
  z.object({
    userId: z.int(),
    incidentType: z.string().min(1),
    severity: z.enum(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL']),
    description: z.string().min(1),
    details: z.record(z.string(), z.unknown()).optional(),
    userClearanceLevel: z.int().optional(),
    requiredClearanceLevel: z.int().optional(),
    accessGranted: z.boolean().optional(),
    userQuery: z.string().optional(),
    threatType: z.string().optional(),
    ipAddress: z.union([z.ipv4(), z.ipv6()]).optional(),
    userAgent: z.string().optional(),
  }),
  {
    key: (incident) => String(incident.userId),
    priority: ({ severity }) =>
      severity === 'CRITICAL' ? 'critical' : severity === 'HIGH' ? 'high' : 'normal',
  },
);

export const answerGiven = defineEvent(
  'answer.given',
  z.object({ userId: z.int(), question: z.string(), answer: z.string() }),
);

export const orderCreated = defineEvent(
  'order.created',
  z.object({ orderId: z.string(), userId: z.int(), total: z.number() }),
  { key: (order) => order.orderId },
);
