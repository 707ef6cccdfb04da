/** Takes what leaves a pipeline by the side: late values, failed ones, evicted state. A `Subject` fits. */
export interface SideOutput<T> {
  /** Called once for each, in order, while the pipeline runs. Must not throw. */
  next(value: T): void;
}

/** A value that an operator could not take, and why. It is not part of any result. */
export interface FailedValue<T> {
  readonly value: T;
  /** What a selector threw, or what is wrong with the value's time. */
  readonly error: unknown;
}
