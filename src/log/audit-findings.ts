import type { PositionRuns } from './position-runs.ts';

/** Something that is not as the audit trail says. */
export interface AuditFinding {
  /** `trail`: the trail itself was changed. `unreadable`: the log says so, too. */
  readonly kind: 'changed' | 'missing' | 'inserted' | 'swapped' | 'unreadable' | 'trail';
  /** Of the event; of the first that is concerned where it is a block of the trail. */
  readonly position: number;
  readonly detail: string;
}

interface Changed {
  readonly position: number;
  readonly expected: Buffer;
  readonly found: Buffer;
}

/** Missing positions that are remembered until the trail has been read to its end, which may excuse them. */
interface Missed {
  readonly start: number;
  length: number;
}

/** Collects what a verification finds: tells so much in full, and counts the rest. */
export class AuditFindings {
  readonly #max: number;
  readonly #list: AuditFinding[] = [];
  readonly #changed: Changed[] = [];
  readonly #missed: Missed[] = [];
  readonly #removed: [start: number, end: number][] = [];
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(finding: AuditFinding): void {
    this.#count += 1;
    if (this.#list.length < this.#max) this.#list.push(finding);
  }

  /** An event whose content is another; told when all are known, for it may stand elsewhere. */
  change(position: number, expected: Buffer, found: Buffer): void {
    this.#count += 1;
    if (this.#changed.length < this.#max) this.#changed.push({ position, expected, found });
  }

  miss(position: number): void {
    const last = this.#missed.at(-1);
    if (last !== undefined && last.start + last.length === position) last.length += 1;
    else this.#missed.push({ start: position, length: 1 });
  }

  /** Positions that were removed on purpose. */
  excuse(runs: PositionRuns): void {
    for (let at = 0; at < runs.length; at += 2) {
      const start = runs[at] ?? 0;
      this.#removed.push([start, start + (runs[at + 1] ?? 0) - 1]);
    }
  }

  finish(): { readonly list: readonly AuditFinding[]; readonly count: number; readonly removed: number } {
    const removed = this.#tellMissing();
    for (const { position, expected, found } of this.#changed) {
      const from = this.#changed.find((other) => other.expected.equals(found))?.position;
      const to = this.#changed.find((other) => other.found.equals(expected))?.position;
      this.#list.push(
        from === undefined && to === undefined
          ? { kind: 'changed', position, detail: 'is not the event that was audited' }
          : { kind: 'swapped', position, detail: whereabouts(from, to) },
      );
    }
    const list = this.#list.toSorted((a, b) => a.position - b.position).slice(0, this.#max);
    return { list, count: this.#count, removed };
  }

  /** Tells of what is missing without being excused. Gives how many are. */
  #tellMissing(): number {
    const runs = merged(this.#removed);
    let removed = 0;
    let at = 0;
    for (const { start, length } of this.#missed) {
      for (let position = start; position < start + length; position += 1) {
        while (at < runs.length && (runs[at]?.[1] ?? 0) < position) at += 1;
        const run = runs[at];
        if (run !== undefined && run[0] <= position) removed += 1;
        else
          this.add({
            kind: 'missing',
            position,
            detail: 'is no longer there, and nobody said that it was removed',
          });
      }
    }
    return removed;
  }
}

function whereabouts(from: number | undefined, to: number | undefined): string {
  const came = from === undefined ? '' : `holds the event that was audited at ${from}`;
  const went = to === undefined ? '' : `its own stands at ${to}`;
  return [came, went].filter((part) => part !== '').join('; ');
}

function merged(runs: readonly (readonly [start: number, end: number])[]): [start: number, end: number][] {
  const result: [start: number, end: number][] = [];
  for (const [start, end] of runs.toSorted((a, b) => a[0] - b[0])) {
    const last = result.at(-1);
    if (last !== undefined && start <= last[1] + 1) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}
