export type { BreakerOptions } from '../actors/breaker.ts';
export { createBreaker, type Breaker, type Permit } from '../actors/create-breaker.ts';
export type { SupervisorOptions } from '../actors/create-supervisor.ts';
export {
  defineEntity,
  type EntityDefinition,
  type EntityEvent,
  type EntityOptions,
  type EntitySubject,
  type KeptState,
  type MachineEntityOptions,
  type PatternData,
} from '../actors/define-entity.ts';
export {
  defineActor,
  type ActorDefinition,
  type ActorFrame,
  type ActorPoll,
  type DefineActorOptions,
} from '../actors/define-actor.ts';
export type { EntityFold } from '../actors/entity-fold.ts';
export { defineHandler, type HandlerDefinition } from '../actors/define-handler.ts';
export type { Handler, HandlerContext, PublishReceipt } from '../actors/handler.ts';
export { remoteActor, type RemoteSnapshot, type RemoteSource } from '../actors/remote-actor.ts';
export { scoped } from '../actors/scoped-handler.ts';
export type { Clock, TimerHandle } from '../streams/event/clock.ts';
export {
  defineEvent,
  EventDraft,
  type AnyEventDefinition,
  type AnyEventDraft,
  type DefineEventOptions,
  type EventDefinition,
  type EventFields,
  type EventOf,
  type Upcast,
} from '../streams/event/define-event.ts';
export {
  defineRequest,
  type DefineRequestOptions,
  type RequestDefinition,
} from '../streams/event/define-request.ts';
export type { Delivery } from '../streams/event/delivery.ts';
export type { EventEnvelope, Metadata } from '../streams/event/envelope.ts';
export {
  AskError,
  BatchError,
  BreakerOpenError,
  BreakwaterError,
  CausationDepthError,
  ClosedError,
  CodecError,
  DeadlockError,
  EntityError,
  FatalError,
  HandlerTimeoutError,
  hasCode,
  QueueFullError,
  RateLimitedError,
  RetryableError,
  ConflictError,
  StorageError,
  TransportError,
  ValidationError,
  type AskErrorCode,
  type EntityErrorReason,
  type ErrorCode,
  type Refusal,
  type ValidationIssue,
} from '../streams/event/errors.ts';
export type { UnknownTypes } from '../streams/event/event-registry.ts';
export { type EventFilter, type EventPredicate, type FilterRule } from '../streams/event/filter.ts';
export { glob, type GlobPattern } from '../streams/event/glob.ts';
export type { Outcome, Settlement } from '../streams/event/outcome.ts';
export { comparePriority, type Priority, type PriorityInput } from '../streams/event/priority.ts';
export type { Publishable, PublishCall } from '../streams/event/publish.ts';
export type { Random } from '../streams/event/random.ts';
export type { LaneOptions, LaneStrategy, Ordering } from '../streams/queue/lane-queue.ts';
export type { DropReason, MailboxOptions, Overflow } from '../streams/queue/mailbox.ts';
export type { BusHealth } from './bus-health.ts';
export type { BusLog, BusRegistry } from './bus-log.ts';
export type { BusStats } from './bus-stats.ts';
export type { StreamStats } from './stream-stats.ts';
export type { Bus, CloseReport, EventFor, StreamCall } from './bus.ts';
export type { Subscribable } from './subscriptions/subscribable.ts';
export type {
  EntityHost,
  EntityHostState,
  EntityHostStats,
  EntityKindStats,
  AskOptions,
} from './entities/entity-host.ts';
export type { EntityHostOptions } from './entities/entity-options.ts';
export type { ParkedKey } from './entities/entity-parking.ts';
export type { EntityRef } from './entities/entity-ref.ts';
export type { BusOptions } from './bus-options.ts';
export { createBus } from './create-bus.ts';
export type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterOptions,
  DeadLetterReason,
  DeadLetters,
  GivenUp,
  StoredError,
} from './dead-letters/dead-letter.ts';
export type {
  DiscoveryDiagnosis,
  DiscoveryFault,
  DiscoveryReport,
  FoundHandler,
} from './discover-handlers.ts';
export type { Enricher } from './publishing/event-factory.ts';
export type { Exchange, ExchangeAskOptions, IncomingRequest, ResponderPorts } from './exchange.ts';
export type {
  Appended,
  AppendListener,
  EventLog,
  LogBounds,
  LogFault,
  LogFeatures,
  LogPage,
  LogRange,
  LogRecord,
  ReadableLog,
} from './event-log.ts';
export type { AuditFinding } from './log/audit-findings.ts';
export type { AuditCheckpoint } from './log/audit-trail.ts';
export type { AuditReport, VerifyAuditOptions } from './log/audit-verify.ts';
export { maintain, type MaintainedStore } from './log/maintain.ts';
export type {
  ArchiveOptions,
  AuditOptions,
  MaintainOptions,
  PressureOptions,
} from './log/maintain-options.ts';
export type { MaintenanceReport, MaintenanceStats } from './log/maintenance-report.ts';
export { memoryStore, type MemoryStoreOptions } from './log/memory-store.ts';
export { exportParquet, type ParquetExport } from './log/parquet.ts';
export type { RetentionPolicy } from './log/retention-policy.ts';
export { consoleLogger, type Logger, type LogLevel } from './logger.ts';
export type { Middleware } from './middleware.ts';
export type {
  DedupeOptions,
  RateLimitOptions,
  RetryOptions,
  SubscriberFilter,
  SubscriberBreakerOptions,
  SubscriberOptions,
} from './options.ts';
export type { PublishRateLimit } from './publishing/publish-gate.ts';
export type { PublishLevel } from './publish-level.ts';
export type { BusCommit } from './publishing/outbox.ts';
export { publishTo, type PublishToOptions } from './publish-to.ts';
export type { PublishReport, PublishResult, SubscriberOutcome } from './publishing/publisher.ts';
export type { QueryCacheOptions, QueryRange } from './replay/queries.ts';
export type { Replay, ReplayOptions, ReplayProgress } from './replay/replay.ts';
export type { RemoteActorRef } from './remote/remote-ref.ts';
export type { BusActors, Exposed } from './remote/remote-actors.ts';
export type { BusAskOptions, BusRequests, Responder, RespondOptions } from './requests/request-options.ts';
export type { RoutingRule } from './routing-rules.ts';
export type {
  Snapshot,
  SnapshotEntry,
  SnapshotListOptions,
  SnapshotStore,
  SnapshotWrite,
} from './snapshot-store.ts';
export type { Commit, Committed, Store, StoreFactory, StoreHealth, StorePorts } from './store.ts';
export type { StartFrom } from './start-from.ts';
export type { StreamOptions } from './stream-options.ts';
export type { LatencyStats, QueueStats, SubscriberStats } from './subscriptions/subscriber-stats.ts';
export type { SubscriptionRecord } from './subscriptions/subscription-record.ts';
export type { SubscriberState, Subscription } from './subscriptions/subscription.ts';
export { createSystemClock } from './system-clock.ts';
export { durableTransport, type DurableTransportOptions } from './transport/durable.ts';
export { memoryTransport } from './transport/memory.ts';
export { noopTransport } from './transport/noop.ts';
export type {
  MailboxStatus,
  OnSettled,
  Published,
  PublishOrigin,
  Transport,
  TransportFactory,
  TransportFeatures,
  TransportHealth,
  TransportPorts,
  TransportPublishOptions,
  TransportSubscribeOptions,
  TransportSubscription,
} from './transport/transport.ts';
