import { Observable, type OperatorFunction, Subscriber } from 'rxjs';

/** What one subscription of a flow operator does with its input. What its functions throw ends the stream. */
export interface FlowStage<T> {
  value(value: T): void;
  /** The source has completed. The stage completes its output, now or when all that waits is through. */
  end(): void;
  /** The source has failed. Absent: the output fails at once, and what waits is let go. */
  fail?(error: unknown): void;
  /** The subscription is over, however it ended. */
  dispose?(): void;
}

/**
 * Makes an operator of a stage; each subscription gets a stage of its own.
 *
 * The input stops at once when the output is closed, also amid a synchronous source.
 */
export function runFlow<T, R>(create: (output: Subscriber<R>) => FlowStage<T>): OperatorFunction<T, R> {
  return (source) =>
    new Observable((output) => {
      const stage = create(output);
      output.add(() => stage.dispose?.());
      source.subscribe(new FlowInput(stage, output));
    });
}

/** The subscriber at a stage's input. Being one itself, not an observer, it spares a hop per value. */
export class FlowInput<T, R> extends Subscriber<T> {
  readonly #stage: FlowStage<T>;
  readonly #output: Subscriber<R>;

  constructor(stage: FlowStage<T>, output: Subscriber<R>) {
    // The base class adds this input to the output, so that closing the output closes the input.
    super(output);
    this.#stage = stage;
    this.#output = output;
  }

  protected override _next(value: T): void {
    try {
      this.#stage.value(value);
    } catch (error) {
      this.#output.error(error);
    }
  }

  protected override _error(error: unknown): void {
    try {
      if (this.#stage.fail === undefined) this.#output.error(error);
      else this.#stage.fail(error);
    } catch (thrown) {
      this.#output.error(thrown);
    } finally {
      this.unsubscribe();
    }
  }

  protected override _complete(): void {
    try {
      this.#stage.end();
    } catch (error) {
      this.#output.error(error);
    } finally {
      this.unsubscribe();
    }
  }
}
