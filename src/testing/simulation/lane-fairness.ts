import type { SimulationWorld } from './simulation-world.ts';

const weights = [8, 4, 2, 1] as const;
const round = 15;

/** Holds the starts of a subscription to the bound of its weighted lanes: none waits for ever. */
export class LaneFairness {
  /** Starts of other lanes since each lane, with events waiting, had its last turn. */
  readonly #passed = [0, 0, 0, 0];
  readonly #world: SimulationWorld;
  readonly #name: string;

  constructor(world: SimulationWorld, name: string) {
    this.#world = world;
    this.#name = name;
  }

  /** An event of a lane starts; `depths` is what still waits. */
  started(lane: number, depths: readonly number[]): void {
    for (let other = 0; other < 4; other += 1) {
      if (other === lane || depths[other] === 0) {
        this.#passed[other] = 0;
        continue;
      }
      const passed = (this.#passed[other] ?? 0) + 1;
      this.#passed[other] = passed;
      const bound = 2 * (round - (weights[other] ?? 1));
      if (passed > bound)
        this.#world.violated(
          'no lane starves',
          `subscription ${this.#name}: lane ${other} waits while ${passed} others start, ${bound} may`,
        );
    }
  }
}
