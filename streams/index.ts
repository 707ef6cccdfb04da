export type { Aggregate, Aggregates, Retractable } from './aggregates/aggregate.ts';
export { approximateDistinct, type ApproximateDistinctOptions } from './aggregates/approximate-distinct.ts';
export { collect, type CollectOptions } from './aggregates/collect.ts';
export { count } from './aggregates/count.ts';
export { customAggregate, type CustomAggregateOptions } from './aggregates/custom-aggregate.ts';
export { distinct, type DistinctOptions } from './aggregates/distinct.ts';
export { first } from './aggregates/first.ts';
export { largest } from './aggregates/largest.ts';
export { last } from './aggregates/last.ts';
export { max } from './aggregates/max.ts';
export { mean } from './aggregates/mean.ts';
export { min } from './aggregates/min.ts';
export { quantile, quantiles } from './aggregates/quantile.ts';
export { rate, type RateOptions } from './aggregates/rate.ts';
export { sum } from './aggregates/sum.ts';
export { topK, type TopEntry, type TopKOptions } from './aggregates/top-k.ts';
export { variance, type VarianceOptions } from './aggregates/variance.ts';
export type { PartialMatch, PatternMatch } from './cep/match.ts';
export { pattern } from './cep/pattern.ts';
export type {
  AddStage,
  Condition,
  Conditions,
  Pattern,
  PatternBuilder,
  PatternStart,
  SomeEvents,
} from './cep/pattern-builder.ts';
export type { EventsMatch, PartialEvents } from './cep/short-form.ts';
export type { PatternResumePoint } from './cep/pattern-recovery.ts';
export { canonical, canonicalEvent } from './event/canonical.ts';
export type { Clock, TimerHandle } from './event/clock.ts';
export {
  fromCloudEvent,
  toCloudEvent,
  type CloudEvent,
  type ToCloudEventOptions,
} from './event/cloud-events.ts';
export type { Codec, CodecLimits } from './event/codec.ts';
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
} from './event/define-event.ts';
export type { Delivery } from './event/delivery.ts';
export { describeValue } from './event/describe-value.ts';
export type { EventEnvelope, Metadata } from './event/envelope.ts';
export { checkEnvelope, type EnvelopeLimits } from './event/envelope-check.ts';
export {
  BatchError,
  BreakerOpenError,
  BreakwaterError,
  CausationDepthError,
  ClosedError,
  CodecError,
  DeadlockError,
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
  type ErrorCode,
  type ValidationIssue,
} from './event/errors.ts';
export { createIdGenerator, isEventId, timeOfId, type IdGeneratorOptions } from './event/event-id.ts';
export type { UnknownTypes } from './event/event-registry.ts';
export { isEventType } from './event/event-type.ts';
export {
  compileFilter,
  type EventFilter,
  type EventPredicate,
  type FilterRule,
  type FilterValue,
} from './event/filter.ts';
export { glob, isGlob, type GlobPattern } from './event/glob.ts';
export { jsonCodec } from './event/json-codec.ts';
export { msgpackCodec } from './event/msgpack-codec.ts';
export type { CallResult, Outcome, Settlement } from './event/outcome.ts';
export { isPattern, isSubset, matches, overlaps } from './event/pattern.ts';
export { PatternIndex, type PatternIndexOptions } from './event/pattern-index.ts';
export {
  comparePriority,
  parsePriority,
  priorities,
  type Priority,
  type PriorityInput,
} from './event/priority.ts';
export type { Publishable, PublishCall } from './event/publish.ts';
export type { Random } from './event/random.ts';
export {
  childOf,
  continueTrace,
  formatTraceparent,
  parseTraceparent,
  startTrace,
  type TraceContext,
  type Traceparent,
} from './event/trace-context.ts';
export type { Joined, JoinInput, JoinKind, LeftOf, RightOf } from './joins/joined.ts';
export { adaptiveConcurrency, type AdaptiveConcurrencyOptions } from './operators/adaptive-concurrency.ts';
export { aggregate, type AggregateOptions } from './operators/aggregate.ts';
export { backoff, type Backoff, type BackoffOptions } from './operators/backoff.ts';
export { batch, type BatchOptions } from './operators/batch.ts';
export { clockScheduler } from './operators/clock-scheduler.ts';
export type { Concurrency, ConcurrencyLimit } from './operators/concurrency-limit.ts';
export { cooldown, type CooldownOptions } from './operators/cooldown.ts';
export {
  countWindow,
  type CountFrame,
  type CountResult,
  type CountWindowOptions,
} from './operators/count-window.ts';
export { dedupe, type DedupeStreamOptions } from './operators/dedupe.ts';
export { detectAbsence, type Absence, type DetectAbsenceOptions } from './operators/detect-absence.ts';
export { detectCount, type DetectCountOptions } from './operators/detect-count.ts';
export { detectSequence, type DetectSequenceOptions } from './operators/detect-sequence.ts';
export { enrich, type EnrichOptions } from './operators/enrich.ts';
export { failureWindow, type FailureWindowOptions, type Trip } from './operators/failure-window.ts';
export type { Credited, Held } from './operators/held-values.ts';
export { hoppingWindow, type HoppingWindowOptions } from './operators/hopping-window.ts';
export { joinAsOf, type JoinAsOfOptions } from './operators/join-as-of.ts';
export type { JoinOptions } from './operators/join-inputs.ts';
export { joinInterval, type JoinIntervalOptions } from './operators/join-interval.ts';
export { joinLatest, type JoinLatestOptions, type LatestJoined } from './operators/join-latest.ts';
export { joinWindow, type JoinWindowOptions, type WindowJoined } from './operators/join-window.ts';
export { laneMap, type LaneMapOptions } from './operators/lane-map.ts';
export { matchPattern } from './operators/match-pattern.ts';
export type { MatchPatternOptions } from './operators/match-pattern-options.ts';
export {
  mergeLanes,
  type LaneInputs,
  type LaneValue,
  type MergeLanesOptions,
} from './operators/merge-lanes.ts';
export { mergeWatermarked, type MergeWatermarkedOptions } from './operators/merge-watermarked.ts';
export { orderByKey, type OrderByKeyOptions } from './operators/order-by-key.ts';
export { rateLimit, type RateLimitStreamOptions } from './operators/rate-limit.ts';
export {
  retryWithBackoff,
  type RetryNotice,
  type RetryWithBackoffOptions,
} from './operators/retry-with-backoff.ts';
export { risingEdge, type RisingEdgeOptions } from './operators/rising-edge.ts';
export { sample, type SampleOptions } from './operators/sample.ts';
export { sessionWindow, type SessionWindowOptions } from './operators/session-window.ts';
export type { SessionResult } from './operators/session-windows.ts';
export type { FailedValue, SideOutput } from './operators/side-output.ts';
export type { SlidingFrame, SlidingResult } from './operators/sliding-stage.ts';
export { slidingWindow, type SlidingWindowOptions } from './operators/sliding-window.ts';
export { trialWindow, type TrialVerdict, type TrialWindowOptions } from './operators/trial-window.ts';
export { tumblingWindow, type TumblingWindowOptions } from './operators/tumbling-window.ts';
export { validate, type ValidateOptions } from './operators/validate.ts';
export type { LaneOverflow, WaitingOptions } from './operators/waiting-lanes.ts';
export { Watermark } from './operators/watermark.ts';
export type { EarlyTrigger, WindowOptions } from './operators/window-options.ts';
export type { WindowFrame, WindowKey, WindowResult, WindowTiming } from './operators/window-result.ts';
export { withBackpressure, type BackpressureOptions } from './operators/with-backpressure.ts';
export { withWatermarks, type WatermarkOptions } from './operators/with-watermarks.ts';
export { withoutWatermarks } from './operators/without-watermarks.ts';
export { createLaneQueue, type LaneQueueOptions } from './queue/create-lane-queue.ts';
export { Credit } from './queue/credit.ts';
export type { LaneOptions, LaneQueue, LaneStrategy, Ordering } from './queue/lane-queue.ts';
export {
  Mailbox,
  type DropReason,
  type MailboxOptions,
  type OfferResult,
  type Overflow,
} from './queue/mailbox.ts';
export type { PlacedLaneQueue } from './queue/placed-lane-queue.ts';
export type { RecentIdsOptions } from './queue/recent-ids.ts';
export type { TokenBucketOptions } from './queue/token-bucket.ts';
export { DDSketch, type DDSketchOptions } from './sketches/dd-sketch.ts';
export type { Hashable } from './sketches/hash-value.ts';
export { HyperLogLog } from './sketches/hyper-log-log.ts';
export { LatencyHistogram } from './sketches/latency-histogram.ts';
export type { ResumePoint } from './windows/resume-tracker.ts';
