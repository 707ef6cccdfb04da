import { none } from '../queue/linked-lists.ts';
import type { MatchedKeys } from './matched-keys.ts';
import type { RunTable } from './run-table.ts';

/**
 * What an event makes of the runs of a key, kept aside until nothing can throw any more: then it is put in
 * place, else taken back. The lists are used again for each event; of each only so many places count.
 */
export class RunChanges<E> {
  readonly #runs: RunTable<E>;
  /** The runs after the event, in order. */
  readonly #after: number[] = [];
  #afterCount = 0;
  readonly #made: number[] = [];
  #madeCount = 0;
  readonly #over: number[] = [];
  #overCount = 0;

  constructor(runs: RunTable<E>) {
    this.#runs = runs;
  }

  begin(): void {
    this.#afterCount = 0;
    this.#madeCount = 0;
    this.#overCount = 0;
  }

  /** A run goes on as it is. */
  keep(run: number): void {
    this.#after[this.#afterCount] = run;
    this.#afterCount += 1;
  }

  /** A run has been made. */
  add(run: number): void {
    this.#made[this.#madeCount] = run;
    this.#madeCount += 1;
    this.keep(run);
  }

  /** A run is over. */
  drop(run: number): void {
    this.#over[this.#overCount] = run;
    this.#overCount += 1;
  }

  commit(keys: MatchedKeys<E, unknown>, key: number): void {
    const { next } = this.#runs;
    let following = none;
    for (let index = this.#afterCount - 1; index >= 0; index -= 1) {
      const run = this.#after[index] as number;
      next[run] = following;
      following = run;
    }
    keys.first[key] = following;
    keys.runs[key] = this.#afterCount;
    for (let index = 0; index < this.#overCount; index += 1) this.#runs.free(this.#over[index] as number);
  }

  takeBack(): void {
    for (let index = 0; index < this.#madeCount; index += 1) this.#runs.free(this.#made[index] as number);
  }
}
