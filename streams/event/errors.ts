/** Every code an error of Breakwater can carry. Match on these: instances do not survive a network. */
export type ErrorCode =
  | 'ERR_RETRYABLE'
  | 'ERR_FATAL'
  | 'ERR_HANDLER_TIMEOUT'
  | 'ERR_BREAKER_OPEN'
  | 'ERR_QUEUE_FULL'
  | 'ERR_RATE_LIMITED'
  | 'ERR_TRANSPORT'
  | 'ERR_STORAGE'
  | 'ERR_CONFLICT'
  | 'ERR_VALIDATION'
  | 'ERR_CODEC'
  | 'ERR_BATCH'
  | 'ERR_CLOSED'
  | 'ERR_DEADLOCK'
  | 'ERR_CAUSATION_DEPTH'
  | 'ERR_DISCOVERY'
  | 'ERR_ENTITY'
  | AskErrorCode;

/** Why a question has no answer. */
export type AskErrorCode =
  /** The responder said no, or failed: `remote` says how. */
  | 'ERR_ASK_REFUSED'
  /** Nobody answers questions of this type now. */
  | 'ERR_ASK_NO_RESPONDER'
  /** No answer came in time. Whether the question was acted on is unknown. */
  | 'ERR_ASK_TIMEOUT'
  /** The responder has no room, or is about to leave. Nothing was done. */
  | 'ERR_ASK_BUSY'
  /** The question, or the answer to it, is more than one message carries. */
  | 'ERR_ASK_TOO_LARGE'
  /** What came back is no answer, or not of the form that was defined. */
  | 'ERR_ASK_MALFORMED';

/** Base of all errors that Breakwater throws or rejects with. */
export abstract class BreakwaterError extends Error {
  /** What went wrong, stable across versions and processes. */
  abstract readonly code: ErrorCode;
  /** Whether the same call may succeed later, unchanged. */
  abstract readonly retryable: boolean;
  override get name(): string {
    return this.constructor.name;
  }
}

/** For handlers to throw: a passing failure, to be retried; obeys `retryAfterMs` where given. */
export class RetryableError extends BreakwaterError {
  readonly code = 'ERR_RETRYABLE';
  readonly retryable = true;
  /** Milliseconds to wait before the next attempt, in place of the backoff. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super(message, options);
    const { retryAfterMs } = options;
    if (retryAfterMs !== undefined && !(retryAfterMs >= 0 && retryAfterMs < Infinity)) {
      throw new RangeError(`retryAfterMs must be a number of milliseconds, 0 or more, got ${retryAfterMs}`);
    }
    this.retryAfterMs = retryAfterMs;
  }
}

/** For handlers to throw: retrying cannot help; the event goes to the dead letters at once. */
export class FatalError extends BreakwaterError {
  readonly code = 'ERR_FATAL';
  readonly retryable = false;
}

/** A handler did not settle within `timeoutMs`. Its late result is ignored. */
export class HandlerTimeoutError extends BreakwaterError {
  readonly code = 'ERR_HANDLER_TIMEOUT';
  readonly retryable = true;
}

/** A call was refused because a circuit breaker is open. */
export class BreakerOpenError extends BreakwaterError {
  readonly code = 'ERR_BREAKER_OPEN';
  readonly retryable = true;
}

/** One or more mailboxes had no room, and their policy is to refuse. Other subscribers got the event. */
export class QueueFullError extends BreakwaterError {
  readonly code = 'ERR_QUEUE_FULL';
  readonly retryable = true;
  /** Ids of the subscribers that refused. */
  readonly subscribers: readonly string[];

  constructor(message: string, subscribers: readonly string[] = []) {
    super(message);
    this.subscribers = subscribers;
  }
}

/** A publisher exceeded the rate that the bus allows. */
export class RateLimitedError extends BreakwaterError {
  readonly code = 'ERR_RATE_LIMITED';
  readonly retryable = true;
}

/** A transport could not carry an event, or lost its connection. */
export class TransportError extends BreakwaterError {
  readonly code = 'ERR_TRANSPORT';
  readonly retryable = true;
}

/** A store could not read or write. */
export class StorageError extends BreakwaterError {
  readonly code = 'ERR_STORAGE';
  readonly retryable = true;
  /** Whether what was to be written may be there all the same. If false, nothing of it is. */
  readonly unknown: boolean;

  constructor(message: string, options: ErrorOptions & { readonly unknown?: boolean } = {}) {
    super(message, options);
    this.unknown = options.unknown ?? false;
  }
}

/** Somebody else wrote first: the revision that was expected is no longer there. Read again and decide anew. */
export class ConflictError extends BreakwaterError {
  readonly code = 'ERR_CONFLICT';
  readonly retryable = true;
}

/** One thing that is wrong with an event. */
export interface ValidationIssue {
  /** Where, as a path: `data.total`, `type`, `metadata.region`. */
  readonly field: string;
  /** What is wrong with it, in the schema's words. */
  readonly message: string;
}

/** An event or its payload is not what its definition says. Names the first fields that are wrong. */
export class ValidationError extends BreakwaterError {
  readonly code = 'ERR_VALIDATION';
  readonly retryable = false;
  /** At most 20, in the schema's order; `issueCount` says how many there were. */
  readonly issues: readonly ValidationIssue[];
  /** How many issues there were in all. */
  readonly issueCount: number;

  constructor(
    message: string,
    options: {
      readonly issues?: readonly ValidationIssue[];
      readonly issueCount?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.issues = options.issues ?? [];
    this.issueCount = options.issueCount ?? this.issues.length;
  }
}

/** Bytes could not be decoded, or a value could not be encoded. The codec's state is unharmed. */
export class CodecError extends BreakwaterError {
  readonly code = 'ERR_CODEC';
  readonly retryable = false;
}

/** A batch was refused as a whole because one of its events was. Nothing of it was published. */
export class BatchError extends BreakwaterError {
  readonly code = 'ERR_BATCH';
  readonly retryable = false;
  /** Position in the batch of the event that was refused. */
  readonly index: number;

  constructor(message: string, index: number, options?: ErrorOptions) {
    super(message, options);
    this.index = index;
  }
}

/** The bus, transport or subscription has been closed. */
export class ClosedError extends BreakwaterError {
  readonly code = 'ERR_CLOSED';
  readonly retryable = false;
}

/** A publish from inside a handler would wait for that same handler, directly or around a cycle. */
export class DeadlockError extends BreakwaterError {
  readonly code = 'ERR_DEADLOCK';
  readonly retryable = true;
}

/** A chain of events that cause each other grew longer than the bus allows: most likely a loop. */
export class CausationDepthError extends BreakwaterError {
  readonly code = 'ERR_CAUSATION_DEPTH';
  readonly retryable = false;
}

/** Why an entity could not do what it was asked for. */
export type EntityErrorReason =
  /** No `bus.host` for its kind. */
  | 'not-hosted'
  /** Its machine or fold threw each time, and the event is in the dead letters. */
  | 'failed'
  /** An event before it was given up; the key waits until that one is requeued or released. */
  | 'parked'
  /** An answer took too long. */
  | 'timeout'
  /** Its snapshot is of a version that cannot be lifted to the definition's. */
  | 'version';

/** An entity could not do what it was asked for: `kind` and `key` say which one, `reason` why. */
export class EntityError extends BreakwaterError {
  readonly code = 'ERR_ENTITY';
  /** Only for `timeout`. */
  readonly retryable: boolean;
  readonly kind: string;
  /** Undefined where the whole kind is meant. */
  readonly key: string | undefined;
  readonly reason: EntityErrorReason;

  constructor(
    message: string,
    about: {
      readonly kind: string;
      readonly key?: string;
      readonly reason: EntityErrorReason;
      readonly cause?: unknown;
    },
  ) {
    super(message, 'cause' in about ? { cause: about.cause } : undefined);
    this.kind = about.kind;
    this.key = about.key;
    this.reason = about.reason;
    this.retryable = about.reason === 'timeout';
  }
}

/** What a responder said instead of an answer. Texts of another process: at most 300 characters. */
export interface Refusal {
  /** Code of the error that it threw; `ERR_ASK_FAILED` where that has none, and its message is its own affair. */
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** Milliseconds to wait before asking again, where it said so. */
  readonly retryAfterMs?: number;
}

/** A question got no answer: `code` says why, `remote` what the responder said. */
export class AskError extends BreakwaterError {
  readonly code: AskErrorCode;
  readonly retryable: boolean;
  /** Type of the request. */
  readonly type: string;
  /** Only for what a responder said itself. */
  readonly remote: Refusal | undefined;

  constructor(
    message: string,
    about: {
      readonly code: AskErrorCode;
      readonly type: string;
      readonly remote?: Refusal;
      readonly cause?: unknown;
    },
  ) {
    super(message, 'cause' in about ? { cause: about.cause } : undefined);
    const { code, type, remote } = about;
    this.code = code;
    this.type = type;
    this.remote = remote;
    const lasting = code === 'ERR_ASK_TOO_LARGE' || code === 'ERR_ASK_MALFORMED';
    this.retryable = code === 'ERR_ASK_REFUSED' ? remote?.retryable === true : !lasting;
  }
}

/** Whether `error` carries `code`, also after it crossed a process as plain data. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === code;
}
