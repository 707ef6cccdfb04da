// As import-breakwater, for Moleculer.
import { cpuMs } from '../harness/measure.ts';
import { importPeer } from '../harness/peers.ts';

const before = process.cpuUsage();
await importPeer('moleculer');
process.stdout.write(String(cpuMs(before)));
