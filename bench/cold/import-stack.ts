// As import-breakwater, for the packages of the assembled stack.
import { cpuMs } from '../harness/measure.ts';
import { importPeer } from '../harness/peers.ts';

const before = process.cpuUsage();
await importPeer('eventemitter3');
await importPeer('p-queue');
await importPeer('opossum');
process.stdout.write(String(cpuMs(before)));
