// Measures one subject of one row in a fresh process, so that no subject runs in code that another has
// made polymorphic, or in a heap that another has filled. Prints the values of its runs as JSON.
import { loadRows } from './load-rows.ts';

const [id, name] = process.argv.slice(2);
const row = (await loadRows()).find((candidate) => candidate.id === id);
const subject = row && [row.subject, ...row.peers].find((candidate) => candidate.name === name);
if (row === undefined || subject === undefined)
  throw new TypeError(`there is no subject ${name} of row ${id}`);

const measure = await subject.prepare();
for (let run = 0; run < (row.warmUps ?? 2); run += 1) await measure();
const values: number[] = [];
for (let run = 0; run < (row.runs ?? 5); run += 1) values.push(await measure());
process.stdout.write(JSON.stringify(values), () => {
  // A subject may leave timers behind: brokers and breakers do.
  process.exit(0);
});
