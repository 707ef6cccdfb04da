import { from, Observable, type ObservableInput, type OperatorFunction, type Subscriber } from 'rxjs';
import type { OptionNames } from '../event/check-options.ts';
import { describeValue } from '../event/describe-value.ts';
import type { JoinInput, JoinKind } from '../joins/joined.ts';
import { MinimumTime, type TimeInput } from '../windows/minimum-time.ts';
import { checkEventTime, timeProperty } from './event-time.ts';
import type { FailedValue, SideOutput } from './side-output.ts';
import { connectInput, type Stage } from './stage.ts';
import { Watermark } from './watermark.ts';

/** What the joins by event time have in common. */
export interface JoinOptions<L, R, K> {
  /** The key of a left value: only values of one key are joined. */
  readonly leftKey: (left: L) => K;
  /** The key of a right value. */
  readonly rightKey: (right: R) => K;
  /** Event time of a left value, in milliseconds since the epoch. Default: its `time` property. */
  readonly leftTime?: (left: L) => number;
  /** Event time of a right value, in milliseconds since the epoch. Default: its `time` property. */
  readonly rightTime?: (right: R) => number;
  /** Values of both sides that may be kept. Default `1_000_000`. */
  readonly maxBuffered?: number;
  /** Takes values that came too late to be joined. Without it they are counted on the next result. */
  readonly late?: SideOutput<JoinInput<L, R>>;
  /** Takes values for which a selector threw, or whose time is none. Without it they end the stream. */
  readonly errors?: SideOutput<FailedValue<JoinInput<L, R>>>;
}

/** The options that joins by event time have. */
export const joinNames: OptionNames<JoinOptions<unknown, unknown, unknown>> = {
  leftKey: 'function',
  rightKey: 'function',
  leftTime: 'function',
  rightTime: 'function',
  maxBuffered: true,
  late: 'output',
  errors: 'output',
};

/** What one subscription of a join does with its two inputs. */
export interface JoinStage<L, R, K> {
  /** Returns whether the value was taken; if not, it is late. */
  left(value: L, time: number, key: K): boolean;
  right(value: R, time: number, key: K): boolean;
  /** Neither input will bring a value below `time`. Returns the watermark that holds for the results. */
  advance(time: number): number;
}

/** Where the results of a join go. */
export interface JoinOutput<O> {
  next(result: O): void;
  /** How many values were late since it was last asked. */
  takeLate(): number;
}

/** Makes an operator of a join; each subscription gets a stage of its own. */
export function joinInputs<L, R, K, O>(
  right: ObservableInput<R | Watermark>,
  options: JoinOptions<L, R, K>,
  create: (output: JoinOutput<O>) => JoinStage<L, R, K>,
): OperatorFunction<L | Watermark, O | Watermark> {
  return (left) =>
    new Observable((output) => {
      const inputs = new JoinInputs<L, R, K, O>(options, output, create);
      // The right side goes first: of two synchronous sources it is the one to be looked things up in.
      connectInput(from(right), inputs.right, output);
      if (!output.closed) connectInput(left, inputs.left, output);
    });
}

/** @throws TypeError that names what is allowed. */
export function checkKind(kind: JoinKind, allowed: readonly JoinKind[]): void {
  if (allowed.includes(kind)) return;
  throw new TypeError(`kind must be one of ${allowed.join(', ')}; got ${describeValue(kind)}`);
}

class JoinInputs<L, R, K, O> implements JoinOutput<O> {
  readonly left: Stage<L>;
  readonly right: Stage<R>;
  readonly #options: JoinOptions<L, R, K>;
  readonly #output: Subscriber<O | Watermark>;
  readonly #stage: JoinStage<L, R, K>;
  readonly #minimum = new MinimumTime();
  #running = 2;
  #mark = -Infinity;
  /** The watermark as emitted. */
  #emitted = -Infinity;
  #late = 0;

  constructor(
    options: JoinOptions<L, R, K>,
    output: Subscriber<O | Watermark>,
    create: (output: JoinOutput<O>) => JoinStage<L, R, K>,
  ) {
    this.#options = options;
    this.#output = output;
    const stage = create(this);
    this.#stage = stage;
    const { leftKey, rightKey, leftTime = timeProperty, rightTime = timeProperty } = options;
    // Both are known before either says anything, so that neither can run ahead alone.
    const [leftMark, rightMark] = [this.#minimum.add(), this.#minimum.add()];

    this.left = this.#stageOf(leftMark, (value) => {
      let time: number;
      let key: K;
      try {
        time = checkEventTime(leftTime(value));
        key = leftKey(value);
      } catch (error) {
        this.#fail({ side: 'left', value }, error);
        return;
      }
      if (!stage.left(value, time, key)) this.#leaveOut({ side: 'left', value });
    });
    this.right = this.#stageOf(rightMark, (value) => {
      let time: number;
      let key: K;
      try {
        time = checkEventTime(rightTime(value));
        key = rightKey(value);
      } catch (error) {
        this.#fail({ side: 'right', value }, error);
        return;
      }
      if (!stage.right(value, time, key)) this.#leaveOut({ side: 'right', value });
    });
  }

  next(result: O): void {
    this.#output.next(result);
  }

  takeLate(): number {
    const late = this.#late;
    this.#late = 0;
    return late;
  }

  #stageOf<T>(mark: TimeInput, value: (value: T) => void): Stage<T> {
    return {
      value,
      watermark: ({ time }) => {
        this.#minimum.raise(mark, time);
        this.#advance(this.#minimum.time);
      },
      end: () => {
        this.#minimum.remove(mark);
        this.#running -= 1;
        if (this.#running > 0) {
          this.#advance(this.#minimum.time);
          return;
        }
        if (this.#mark < Infinity) this.#stage.advance(Infinity);
        this.#output.complete();
      },
    };
  }

  #advance(time: number): void {
    if (!(time > this.#mark)) return;
    this.#mark = time;
    const mark = this.#stage.advance(time);
    if (!(mark > this.#emitted)) return;
    this.#emitted = mark;
    this.#output.next(new Watermark(mark));
  }

  #fail(value: JoinInput<L, R>, error: unknown): void {
    const { errors } = this.#options;
    if (errors === undefined) throw error;
    errors.next({ value, error });
  }

  #leaveOut(input: JoinInput<L, R>): void {
    if (this.#options.late === undefined) this.#late += 1;
    else this.#options.late.next(input);
  }
}
