import { Observable, type OperatorFunction, Subscriber } from 'rxjs';
import { Watermark } from './watermark.ts';

/** What one subscription of an event-time operator does with its input. */
export interface Stage<T> {
  /** A value has come. What this throws ends the stream. */
  value(value: T): void;
  /** A watermark has come; never one at or below the last. The stage passes it on after what it causes. */
  watermark(mark: Watermark): void;
  /** The source has completed: no more of anything. */
  end(): void;
  /** The subscription is over, however it ended. */
  dispose?(): void;
}

/**
 * Makes an operator of a stage; each subscription gets a stage of its own.
 *
 * The input stops at once when the output is closed, also amid a synchronous source.
 */
export function runStage<T, R>(
  create: (output: Subscriber<R | Watermark>) => Stage<T>,
): OperatorFunction<T | Watermark, R | Watermark> {
  return (source) =>
    new Observable((output) => {
      const stage = create(output);
      output.add(() => stage.dispose?.());
      source.subscribe(new StageInput(stage, output, true));
    });
}

/** Feeds `source` to `stage` as one of several inputs: the output stays open when this one completes. */
export function connectInput<T, R>(
  source: Observable<T | Watermark>,
  stage: Stage<T>,
  output: Subscriber<R>,
): void {
  source.subscribe(new StageInput(stage, output, false));
}

/** The subscriber at a stage's input. Being one itself, not an observer, it spares a hop per value. */
class StageInput<T, R> extends Subscriber<T | Watermark> {
  readonly #stage: Stage<T>;
  readonly #output: Subscriber<R>;
  readonly #isLast: boolean;
  #time = -Infinity;

  constructor(stage: Stage<T>, output: Subscriber<R>, isLast: boolean) {
    // The base class adds this input to the output, so that closing the output closes the input.
    super(output);
    this.#stage = stage;
    this.#output = output;
    this.#isLast = isLast;
  }

  protected override _next(value: T | Watermark): void {
    try {
      if (!(value instanceof Watermark)) {
        this.#stage.value(value);
      } else if (value.time > this.#time) {
        // A mark that goes back, or says the same again, changes nothing that is known.
        this.#time = value.time;
        this.#stage.watermark(value);
      }
    } catch (error) {
      this.#output.error(error);
    }
  }

  protected override _complete(): void {
    try {
      this.#stage.end();
      if (this.#isLast) this.#output.complete();
    } catch (error) {
      this.#output.error(error);
    } finally {
      this.unsubscribe();
    }
  }
}
