// As first-event, on the assembled stack.
import { cpuMs } from '../harness/measure.ts';
import { assembledStack } from '../peers/assembled-stack.ts';

const stack = await assembledStack(async () => {
  process.stdout.write(String(cpuMs()));
});
stack.publish({ orderId: '42', total: 99.5, severity: 1 });
await stack.idle();
process.exit(0);
