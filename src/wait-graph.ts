/** A node of the graph: something that runs handlers, and that publishers may wait for. */
export interface Waitable {
  /** How many handler calls run now. */
  readonly running: number;
}

/**
 * Who waits for whom, so that a publish which could never finish fails instead.
 *
 * A handler call that awaits a publish waits for the subscribers whose mailboxes are full. A subscriber is
 * stuck when each of its running calls waits for a stuck subscriber: then none of them can ever finish.
 * The last call to join such a knot is the one that is told. Only publishes that have to wait come here.
 */
export class WaitGraph<Node extends Waitable> {
  readonly #waits = new Map<Node, Map<object, Set<Node>>>();

  /**
   * Notes that `call`, which runs at `owner`, waits for `targets`.
   *
   * @returns false, and notes nothing, when that would make `owner` wait for itself for ever.
   */
  enter(owner: Node, call: object, targets: readonly Node[]): boolean {
    const calls = this.#waits.get(owner) ?? new Map<object, Set<Node>>();
    const waited = calls.get(call) ?? new Set<Node>();
    this.#waits.set(owner, calls.set(call, waited));
    const added = targets.filter((target) => !waited.has(target));
    for (const target of added) waited.add(target);
    if (!this.#stuck(owner)) return true;
    for (const target of added) this.leave(owner, call, target);
    return false;
  }

  /** `call` no longer waits for `target`. */
  leave(owner: Node, call: object, target: Node): void {
    const calls = this.#waits.get(owner);
    const waited = calls?.get(call);
    if (calls === undefined || waited === undefined) return;
    waited.delete(target);
    if (waited.size === 0) calls.delete(call);
    if (calls.size === 0) this.#waits.delete(owner);
  }

  /** The greatest set of nodes that all wait for each other: start with every waiting one, strike out who can move. */
  #stuck(owner: Node): boolean {
    const stuck = new Set(this.#waits.keys());
    let before: number;
    do {
      before = stuck.size;
      for (const node of stuck) if (this.#canMove(node, stuck)) stuck.delete(node);
    } while (stuck.size < before);
    return stuck.has(owner);
  }

  #canMove(node: Node, stuck: ReadonlySet<Node>): boolean {
    const calls = this.#waits.get(node);
    if (calls === undefined || calls.size < node.running) return true;
    for (const targets of calls.values()) {
      if (![...targets].some((target) => stuck.has(target))) return true;
    }
    return false;
  }
}
