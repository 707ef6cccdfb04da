/** Lets callers wait until nothing is going on. Costs one flag while nobody waits. */
export class Quiet {
  /** Whether anyone waits. */
  waiting = false;
  #resolvers: (() => void)[] = [];

  /** Resolves when `check` finds quiet. The caller checks once at first, and after each change. */
  wait(): Promise<void> {
    this.waiting = true;
    return new Promise((resolve) => {
      this.#resolvers.push(resolve);
    });
  }

  /** It is quiet: all who wait go on. */
  reached(): void {
    this.waiting = false;
    const resolvers = this.#resolvers;
    this.#resolvers = [];
    for (const resolve of resolvers) resolve();
  }
}
