// A cold process that imports the package and does nothing else; prints the milliseconds of processor time that took.
import { cpuMs } from '../harness/measure.ts';

const before = process.cpuUsage();
await import('breakwater');
process.stdout.write(String(cpuMs(before)));
