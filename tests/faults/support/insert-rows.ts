import { DatabaseSync } from "node:sqlite";

/** A program that is no queuectl: inserts rows one by one, says each, and stays. Arguments: file, synchronous, count. */
const [path = "", synchronous = "", count = "0"] = process.argv.slice(2);
const database = new DatabaseSync(path);
database.exec(`PRAGMA journal_mode = WAL; CREATE TABLE jobs (id TEXT); PRAGMA synchronous = ${synchronous}`);
const insert = database.prepare("INSERT INTO jobs (id) VALUES (?)");
for (let row = 1; row <= Number(count); row++) {
  insert.run(`job-${row}`);
  process.stdout.write(`job-${row}\n`);
}
process.stdout.write("all\n");
setInterval(() => {}, 1_000);
