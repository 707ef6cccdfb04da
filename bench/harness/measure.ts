/**
 * Units of work a second of processor time, garbage collection and all other threads of the process included.
 *
 * That is what one core does, also on a machine that is busy with something else; on a quiet one it is a little
 * less than the wall clock says, because the collector works on other cores.
 */
export async function ratePerCore(count: number, work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  return (count * 1000) / cpuMs(before);
}

/** Milliseconds of processor time since `before`, or since the process started. */
export function cpuMs(before?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `q` of all lies, between the two nearest ones. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** Bytes of the heap that are in use, after a collection. Needs `--expose-gc`. */
export function heapInUse(): number {
  if (globalThis.gc === undefined) throw new TypeError('heapInUse needs --expose-gc among nodeFlags');
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
