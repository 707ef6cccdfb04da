import { defineRequest } from 'breakwater';
import { z } from 'zod';

/** What something costs: a question whose schemas also change what passes them. */
export const quote = defineRequest('price.quote', {
  request: z.object({ sku: z.string().min(1), count: z.string().transform(Number).default(1) }),
  reply: z.object({ cents: z.number(), until: z.string().transform((text) => new Date(text)) }),
  key: ({ sku }) => sku,
});

export const until = '2026-01-01T00:00:00.000Z';
