import { defineEvent, type EventOf } from 'breakwater';
import { z } from 'zod';

/** Whose event it is: the trimmed name says something. */
const userId = z.string().trim().min(1, 'must not be empty');
const ofUser = { key: (data: { readonly userId: string }) => data.userId };

export const lowFuel = defineEvent('LOW_FUEL', z.object({ userId, fuelLevel: z.number().min(0).max(100) }), {
  ...ofUser,
  priority: 'high',
});
export const weatherWarning = defineEvent('WEATHER_WARNING', z.object({ userId, text: z.string() }), {
  ...ofUser,
  priority: 'urgent',
});
export const trafficUpdate = defineEvent('TRAFFIC_UPDATE', z.object({ userId, delayMinutes: z.int() }), {
  ...ofUser,
  priority: 'low',
});

/** Every type of event that a monitor takes; any other is refused. */
export const travelEvents = [lowFuel, weatherWarning, trafficUpdate] as const;

export type TravelEvent = EventOf<(typeof travelEvents)[number]>;
