export { breakerMachine, type BreakerOptions, type BreakerPorts } from './breaker.ts';
export { createBreaker, type Breaker, type Permit } from './create-breaker.ts';
export { defineHandler, type HandlerDefinition } from './define-handler.ts';
export type { Handler, HandlerContext, PublishReceipt } from './handler.ts';
export { scoped } from './scoped-handler.ts';
export { subscriberMachine } from './subscriber.ts';
