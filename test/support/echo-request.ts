import { defineRequest, type Bus } from 'breakwater';
import { z } from 'zod';

export const echo = defineRequest('text.echo', { request: z.string(), reply: z.string() });

/** Has a bus answer in capitals, and gives what it was asked. */
export async function answersLoudly(bus: Bus): Promise<string[]> {
  const asked: string[] = [];
  bus.respond(echo, ({ data }) => {
    asked.push(data);
    return data.toUpperCase();
  });
  await bus.ready();
  return asked;
}
