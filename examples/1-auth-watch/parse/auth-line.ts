import type { Priority } from 'breakwater';

/** What one line of an auth log says. */
export type AuthLine = FailedLine | AcceptedLine | UnknownUserLine | AbuseLine | OtherLine;

interface Line {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly priority: Priority;
}

/** Logins that failed: more than one when the line says that its message was repeated. */
export interface FailedLine extends Line {
  readonly kind: 'failed';
  readonly ip: string;
  /** May be empty: clients may send no name at all. */
  readonly user: string;
  readonly attempts: number;
}

/** A login that succeeded. */
export interface AcceptedLine extends Line {
  readonly kind: 'accepted';
  readonly ip: string;
  readonly user: string;
  readonly method: 'password' | 'publickey';
}

/** A client asked for a user that does not exist. */
export interface UnknownUserLine extends Line {
  readonly kind: 'unknown-user';
  readonly ip: string;
  readonly user: string;
}

/** The daemon itself says that somebody goes too far. */
export interface AbuseLine extends Line {
  readonly kind: 'abuse';
  readonly message: string;
}

/** Everything else that is in an auth log. */
export interface OtherLine extends Line {
  readonly kind: 'other';
  readonly program: string;
  readonly message: string;
}

/** Reads what one program's message says. */
export type Dialect = (program: string, message: string, time: number) => AuthLine;
