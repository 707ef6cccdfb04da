// What must hold of what durable subscribers said over all lives of their program.

/** Counts what subscribers did over all lives, and notes what must not be. */
export class Subscribers {
  calls = 0;
  #wrong;
  /** By subscriber: positions that were handled or given up, and how often one was handled again. */
  #counts = new Map(['keyed', 'total', 'lagging'].map((name) => [name, { done: new Set(), again: 0 }]));

  constructor(wrong) {
    this.#wrong = wrong;
  }

  /** Within one life no two events overlap or swap where an order was asked for. */
  note(lines) {
    const running = new Map();
    const lastOf = new Map();
    const groups = new Map();
    for (const [kind, name, at, attempt, last] of lines) {
      const position = Number(at);
      if (kind === 'S') {
        this.calls += 1;
        const group = name === 'total' ? 'total' : name === 'keyed' ? `keyed ${last}` : undefined;
        if (group === undefined) continue;
        groups.set(`${name} ${position}`, group);
        if (running.has(group))
          this.#wrong.push(`${name} began ${position} while ${running.get(group)} ran (${group})`);
        if ((lastOf.get(group) ?? 0) > position) {
          const after = lastOf.get(group);
          this.#wrong.push(`${name} began ${position} after ${after} (${group}, attempt ${attempt})`);
        }
        running.set(group, position);
        lastOf.set(group, position);
      } else if (kind === 'H') {
        running.delete(groups.get(`${name} ${position}`));
        const counts = this.#counts.get(name);
        if (last !== '1') continue;
        if (counts.done.has(position)) counts.again += 1;
        counts.done.add(position);
      } else if (kind === 'D') this.#counts.get(name).done.add(position);
    }
  }

  /** Every one of these was handled or given up by every subscriber. */
  demand(positions) {
    for (const [name, { done }] of this.#counts) {
      const lost = positions.filter((position) => !done.has(position));
      if (lost.length === 0) continue;
      const some = lost.slice(0, 5).join(', ');
      this.#wrong.push(`${name} has neither handled nor given up ${lost.length}: ${some}`);
    }
  }

  get again() {
    return [...this.#counts].map(([name, { again }]) => `${name} ${again}`).join(', ');
  }
}
