const kept = 512;

/**
 * Records what happens in a run: the last 512 happenings for people, and a fingerprint of all of them.
 *
 * Cheap enough to note every step: half a dozen integer operations each, and no text.
 */
export class RunRecord {
  /** The last happenings, in a ring: at which moment what happened to which two numbers. */
  readonly #whats: string[] = Array.from({ length: kept }, () => '');
  readonly #numbers = new Float64Array(3 * kept);
  readonly #codes = new Map<string, number>();
  #count = 0;
  #high = 0x811c9dc5;
  #low = 0x01000193;

  /** How many happenings were noted. */
  get count(): number {
    return this.#count;
  }

  /** Notes a happening. `what` should be one of few texts; what differs belongs into the numbers. */
  note(at: number, what: string, a = 0, b = 0): void {
    this.#mix(this.#code(what));
    // Times have fractions where clocks drift: the bits of a thousandth are enough to tell runs apart.
    this.#mix(Math.round(at * 1_000));
    this.#mix(a);
    this.#mix(b);
    const place = this.#count % kept;
    this.#whats[place] = what;
    this.#numbers[3 * place] = at;
    this.#numbers[3 * place + 1] = a;
    this.#numbers[3 * place + 2] = b;
    this.#count += 1;
  }

  /** Sixteen digits, equal for runs in which the same happened at the same moments, on any machine. */
  fingerprint(): string {
    const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  /** The last happenings, one a line. */
  text(limit = 60): string {
    const from = Math.max(0, this.#count - Math.min(limit, kept));
    const lines = Array.from({ length: this.#count - from }, (_, index) => {
      const place = (from + index) % kept;
      const [at = 0, a = 0, b = 0] = this.#numbers.subarray(3 * place, 3 * place + 3);
      const what = this.#whats[place] ?? '';
      return `${at.toFixed(1).padStart(12)} ms  ${what.replace('$a', String(a)).replace('$b', String(b))}`;
    });
    return [...(from > 0 ? [`… ${from} happenings before`] : []), ...lines].join('\n');
  }

  #code(what: string): number {
    let code = this.#codes.get(what);
    if (code === undefined) {
      code = 0x811c9dc5;
      for (let at = 0; at < what.length; at += 1) code = Math.imul(code ^ what.charCodeAt(at), 0x01000193);
      this.#codes.set(what, code);
    }
    return code;
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x01000193);
    this.#low = Math.imul((this.#low << 5) ^ (this.#low >>> 27) ^ value, 0x85ebca6b);
    this.#low ^= this.#high >>> 15;
  }
}
