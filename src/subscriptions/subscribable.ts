import type { AnyEventDefinition } from '../../streams/event/define-event.ts';
import type { GlobPattern } from '../../streams/event/glob.ts';

/** What is subscribed to: a pattern in NATS grammar, a glob, or a definition. */
export type Subscribable = string | GlobPattern | AnyEventDefinition;
