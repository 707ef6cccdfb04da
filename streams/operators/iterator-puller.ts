import type { Subscriber } from 'rxjs';
import type { FlowStage } from './flow-stage.ts';
import type { Puller } from './held-values.ts';

/** Asks an iterator, synchronous or not, for one value at a time. */
export class IteratorPuller<T, R> implements Puller {
  pulling = false;
  readonly #iterator: Iterator<T> | AsyncIterator<T>;
  readonly #stage: FlowStage<T> & { pump(): void };
  readonly #output: Subscriber<R>;
  #done = false;

  constructor(
    iterator: Iterator<T> | AsyncIterator<T>,
    stage: FlowStage<T> & { pump(): void },
    output: Subscriber<R>,
  ) {
    this.#iterator = iterator;
    this.#stage = stage;
    this.#output = output;
    output.add(() => this.#close());
  }

  pull(): void {
    let result: IteratorResult<T> | PromiseLike<IteratorResult<T>>;
    try {
      result = this.#iterator.next();
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (!('then' in result)) {
      this.#pulled(result);
      return;
    }
    this.pulling = true;
    const arrived = (settled: IteratorResult<T>): void => this.#arrived(settled);
    void Promise.resolve(result).then(arrived, (error: unknown) => this.#failed(error));
  }

  #arrived(result: IteratorResult<T>): void {
    this.pulling = false;
    if (this.#output.closed) return;
    this.#pulled(result);
    this.#stage.pump();
  }

  #pulled(result: IteratorResult<T>): void {
    if (result.done === true) {
      this.#done = true;
      this.#stage.end();
      return;
    }
    try {
      this.#stage.value(result.value);
    } catch (error) {
      this.#output.error(error);
    }
  }

  #failed(error: unknown): void {
    this.#done = true;
    this.#output.error(error);
  }

  /** An iterator that is left early may have something to release. */
  #close(): void {
    if (this.#done) return;
    const returned = this.#iterator.return?.();
    if (returned instanceof Promise) returned.catch(() => {});
  }
}
