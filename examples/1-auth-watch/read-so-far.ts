import type { Bus } from 'breakwater';
import { inputOpened } from './events.ts';

/** What a log holds of the runs before. */
export interface ReadSoFar {
  /** How many lines of this input it holds: reading goes on after them. */
  readonly lines: number;
  /** Whether it holds the alert of this type that this event caused. */
  readonly hasAlert: (type: string, causeId: string) => boolean;
}

/** Nothing was read before. */
export const nothingRead: ReadSoFar = { lines: 0, hasAlert: () => false };

/**
 * Looks what of an input, told by its first line, a log holds already. An input that is not the last that the log
 * has read is read from its beginning.
 */
export async function readSoFar(bus: Bus, firstLine: string): Promise<ReadSoFar> {
  const alerts = new Set<string>();
  let known = false;
  let lines = 0;
  await bus.replay().forEach(({ event: { type, data, causationId } }) => {
    if (type === inputOpened.type) {
      known = (data as { readonly firstLine: string }).firstLine === firstLine;
      lines = 0;
    } else if (type.startsWith('auth.alert.')) alerts.add(`${type} ${causationId ?? ''}`);
    else lines += 1;
  });
  if (!known) await bus.publish(inputOpened, { firstLine });
  return { lines: known ? lines : 0, hasAlert: (type, causeId) => alerts.has(`${type} ${causeId}`) };
}
