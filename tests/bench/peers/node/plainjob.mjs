// plainjob: SQLite by better-sqlite3. Many are pushed in one transaction; each is claimed, read and finished by its own
// calls, as its worker does.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const DIGITS = 16;
const TYPE = "bench";
const PATIENCE_SECONDS = 20;

// What is installed is beside the folder that this is run in, not beside this file.
const require = createRequire(`${process.cwd()}/`);
const Database = require("better-sqlite3");
const root = `${process.cwd()}/node_modules/plainjob`;
const { better, defineQueue } = await import(`${root}/dist/plainjob.js`);

const clock = () => Number(process.hrtime.bigint()) / 1e9;
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);

function open(folder, isSynced) {
  const connection = better(new Database(`${folder}/plainjob.db`, { timeout: PATIENCE_SECONDS * 1000 }));
  const logger = { error: console.error, warn() {}, info() {}, debug() {} };
  const queue = defineQueue({ connection, logger, serializer: (text) => text });
  connection.pragma(`busy_timeout = ${PATIENCE_SECONDS * 1000}`);
  connection.pragma(`synchronous = ${isSynced ? "FULL" : "OFF"}`);
  return queue;
}

function push(queue, items) {
  if (items.length === 1) queue.add(TYPE, items[0]);
  else queue.addMany(TYPE, items);
}

function claim(queue, most) {
  const jobs = [];
  while (jobs.length < most) {
    const found = queue.getAndMarkJobAsProcessing(TYPE);
    if (!found) break;
    jobs.push(queue.getJobById(found.id));
  }
  return jobs;
}

function finish(queue, jobs) {
  for (const job of jobs) queue.markJobAsDone(job.id);
}

function drain(queue, most, batch) {
  const payloads = [];
  let idle = 0;
  let ended = clock();
  while (payloads.length < most && idle < 2) {
    const jobs = claim(queue, Math.min(batch, most - payloads.length));
    if (jobs.length === 0) {
      idle += 1;
      continue;
    }
    idle = 0;
    finish(queue, jobs);
    for (const job of jobs) payloads.push(job.data);
    ended = clock();
  }
  return [ended, payloads];
}

function lives(queue, batches) {
  const payloads = [];
  for (const some of batches) {
    push(queue, some);
    let missing = some.length;
    const until = clock() + PATIENCE_SECONDS;
    while (missing > 0 && clock() < until) {
      const jobs = claim(queue, missing);
      finish(queue, jobs);
      for (const job of jobs) payloads.push(job.data);
      missing -= jobs.length;
    }
  }
  return [clock(), payloads];
}

function prepare(queue, request) {
  const { op, first, n, most, batch, payload } = request;
  const filling = ".".repeat(payload - DIGITS);
  const items = Array.from({ length: n }, (_, at) => String(first + at).padStart(DIGITS, "0") + filling);
  const batches = [];
  for (let at = 0; at < items.length; at += batch) batches.push(items.slice(at, at + batch));
  const run = {
    push: () => {
      for (const some of batches) push(queue, some);
      return [clock(), []];
    },
    work: () => drain(queue, most, batch),
    life: () => lives(queue, batches),
  }[op];
  const look = (payloads) => {
    const whole = payloads.filter((text) => text.length === payload && text.endsWith(filling));
    // Finished ones stay in the table until they are removed, which its maintenance does otherwise.
    queue.removeDoneJobs(-1000);
    return { got: whole.map((text) => Number(text.slice(0, DIGITS))), garbled: payloads.length - whole.length };
  };
  return [run, look];
}

const [place, synced] = process.argv.slice(2);
try {
  const queue = open(place, synced === "synced");
  say({ ready: true, version: JSON.parse(readFileSync(`${root}/package.json`, "utf8")).version });
  let go;
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "go") {
      const [run, look] = go;
      const begun = clock();
      const [ended, payloads] = run();
      say({ begun, ended, ...look(payloads) });
    } else {
      go = prepare(queue, JSON.parse(line));
      say({ prepared: true });
    }
  }
  queue.close();
} catch (error) {
  say({ error: String(error) });
  process.exit(1);
}
