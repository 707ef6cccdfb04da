import { defineEvent, type EventOf } from 'breakwater';
import { z } from 'zod';

const contextId = z.string();
const ofContext = { key: (data: { readonly contextId: string }) => data.contextId };

export const validationStarted = defineEvent(
  'validation.started',
  z.object({ contextId, document: z.string() }),
  ofContext,
);
export const validationPhaseCompleted = defineEvent(
  'validation.phase.completed',
  z.object({ contextId, phase: z.string() }),
  ofContext,
);

/** Version 1 had the field in `path`. */
export const validationErrorOccurred = defineEvent(
  'validation.error.occurred',
  z.object({ contextId, fieldPath: z.string(), message: z.string() }),
  {
    ...ofContext,
    priority: 'high',
    version: 2,
    upcast: {
      1: (data) => {
        const { path, ...rest } = data as { readonly path: string };
        return { ...rest, fieldPath: path };
      },
    },
  },
);

export type ValidationEvent =
  | EventOf<typeof validationStarted>
  | EventOf<typeof validationPhaseCompleted>
  | EventOf<typeof validationErrorOccurred>;

/** All of them, for a bus that is to know them before they are first published. */
export const validationEvents = [
  validationStarted,
  validationPhaseCompleted,
  validationErrorOccurred,
] as const;
