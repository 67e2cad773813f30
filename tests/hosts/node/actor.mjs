// What the tests have Node do; python/actor.py does the same, word for word.
//
// usage: actor.mjs MODULE ROOT VERB ARGUMENT...

import { existsSync, readdirSync, writeSync } from 'node:fs';
import { LeaseholdError, newTask, open, text } from './leasehold.mjs';
import { walk } from './walk.mjs';

const verbs = {
  // A third one at a time, a third as one batch, a third with given ids; prints the payloads.
  push({ queue }, name, worker, count) {
    const pushed = queue(name);
    const payloads = Array.from({ length: Number(count) }, (_, number) => `${worker}-${number}`);
    const third = Math.floor(payloads.length / 3);
    for (const payload of payloads.slice(0, third)) pushed.push([newTask(payload)], 'refuse', 'unsynced');
    pushed.push(payloads.slice(third, 2 * third).map((payload) => newTask(payload)), 'refuse', 'standard');
    pushed.push(payloads.slice(2 * third).map((payload) => newTask(payload, { id: payload })), 'refuse', 'unsynced');
    for (const payload of payloads) say(payload);
  },

  // Works from when the file `start` is there until nothing is left; prints payload and token of each task.
  async drain({ queue, holder }, name, worker, start) {
    const drained = queue(name);
    const held = holder('open', worker, 60_000n, 'standard');
    while (!existsSync(start)) await new Promise((done) => setTimeout(done, 10));
    for (let claims = 0; ; ) {
      const tasks = drained.claim(held, 1 + (claims % 7), undefined, 'standard');
      claims += 1;
      tasks.forEach((task, number) => {
        // Some are given back once, each way there is.
        if (task.attempt === 1 && (claims + number) % 10 === 0) {
          drained.retry(task.receipt, 0n, 'not now', 'standard');
        } else if (task.attempt === 1 && (claims + number) % 10 === 5) {
          drained.release(task.receipt, 'standard');
        } else {
          drained.extend(task.receipt, 600_000n, 'standard');
          say(text(task.payload), task.token);
          drained.done(task.receipt, undefined, 'standard');
        }
      });
      const { ready, delayed, claimed } = drained.status();
      if (tasks.length === 0 && ready + delayed + claimed === 0n) break;
    }
    held.end('standard');
  },

  // Claims, prints payload and receipt, and is killed.
  hold({ queue, holder }, name, worker, ttl, count) {
    const held = holder('open', worker, BigInt(ttl), 'standard');
    for (const task of queue(name).claim(held, Number(count), undefined, 'standard')) {
      say(text(task.payload), task.receipt);
    }
    process.kill(process.pid, 'SIGKILL');
  },

  // Prints the ids of what it took back.
  reap({ queue }, name) {
    for (const id of queue(name).reap('standard')) say(id);
  },

  done({ queue }, name, receipt) {
    queue(name).done(receipt, undefined, 'standard');
  },

  // Prints the epoch.
  ensure({ holder }, worker) {
    say(holder('ensure', worker, 60_000n, 'standard').epoch());
  },

  'push-one'({ queue }, name) {
    queue(name).push([newTask('one')], 'refuse', 'synced');
  },

  // Prints the payload of what it claims.
  claim({ queue, holder }, name, worker) {
    const held = holder('ensure', worker, 60_000n, 'standard');
    for (const task of queue(name).claim(held, 1000, undefined, 'standard')) say(text(task.payload));
  },

  // Pushes, claims and finishes one after the other; prints how many handles that left open.
  cycle({ queue, holder }, name, count) {
    const cycled = queue(name);
    const held = holder('open', 'cycle', 60_000n, 'standard');
    const handles = [];
    for (let number = 0; number < Number(count); number += 1) {
      cycled.push([newTask('again', { id: number % 2 ? String(number) : undefined })], 'refuse', 'unsynced');
      const [task] = cycled.claim(held, 1, undefined, 'standard');
      cycled.done(task.receipt, undefined, 'standard');
      if (number % Math.floor(Number(count) / 2) === 50) handles.push(readdirSync('/proc/self/fd').length);
    }
    say(handles[1] - handles[0]);
  },

  walk,
};

// At once, since what prints may be killed.
function say(...words) {
  writeSync(1, `${words.join(' ')}\n`);
}

const [module, root, verb, ...args] = process.argv.slice(2);
try {
  await verbs[verb](await open(module, root), ...args);
} catch (error) {
  if (!(error instanceof LeaseholdError)) throw error;
  console.error(error.message);
  say('error', error.tag);
  process.exitCode = 1;
}
