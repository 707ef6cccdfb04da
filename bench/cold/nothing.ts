// A cold process that does nothing; prints the processor time that Node itself took to come to this line.
import { cpuMs } from '../harness/measure.ts';

process.stdout.write(String(cpuMs()));
