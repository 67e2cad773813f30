// What the tests have Node do; python/actor.py does the same, word for word.
//
// usage: actor.mjs MODULE ROOT VERB ARGUMENT...

import { appendFileSync, existsSync, mkdirSync, readdirSync, rmdirSync, writeSync } from 'node:fs';
import {
  LeaseholdError, bytes, jobSpec, newListTask, newTask, open, saveOptions, text, updateFields,
} from './leasehold.mjs';
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
    await awaitFile(start);
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

  'save-one'({ checkpoints }, run) {
    checkpoints.save(run, bytes('one'), saveOptions(), 'synced');
  },

  'list-one'({ tasks }, list) {
    tasks.create(list, [newListTask({ subject: 'one' })], undefined, 'synced');
  },

  // Prints the payload of what it claims.
  claim({ queue, holder }, name, worker) {
    const held = holder('ensure', worker, 60_000n, 'standard');
    for (const task of queue(name).claim(held, 1000, undefined, 'standard')) say(text(task.payload));
  },

  // Has the lease so often, half of the times in line; says so in `place`, where nobody else may be meanwhile.
  async 'take-turns'({ leases, holder }, lease, worker, count, start, place) {
    const held = holder('open', worker, 60_000n, 'standard');
    await awaitFile(start);
    for (let number = 0; number < Number(count); number += 1) {
      const token = await (number % 2 ? inTurn(leases, lease, held) : atLast(leases, lease, held));
      mkdirSync(`${place}/inside`);
      appendFileSync(`${place}/tokens`, `${token} ${worker}\n`);
      rmdirSync(`${place}/inside`);
      leases.release(lease, token, 'standard');
    }
    say(count);
  },

  // Acquires a lease, claims a run and a task, prints the tokens and the receipt, and is killed.
  'die-holding'({ leases, checkpoints, tasks, holder }, worker, ttl) {
    const held = holder('open', worker, BigInt(ttl), 'standard');
    const lease = leases.acquire('lease', held, 'standard');
    const run = checkpoints.claim('run', held, undefined, 'standard');
    const task = tasks.claimNext('list', held, false, 'standard').val;
    say(lease, run.receipt, run.token, task.token);
    process.kill(process.pid, 'SIGKILL');
  },

  // Prints the tokens under which it has what another had; each `held` as long as that lives.
  'take-over'({ leases, checkpoints, tasks, holder }, worker) {
    const held = holder('ensure', worker, 60_000n, 'standard');
    const lease = orCase(() => leases.acquire('lease', held, 'standard'));
    const run = orCase(() => checkpoints.claim('run', held, undefined, 'standard').token);
    const task = orCase(() => tasks.claim('list', 1n, held, false, 'standard'));
    say(lease, run, task === 'damaged' ? task : task.tag === 'ok' ? task.val.token : task.tag);
  },

  // What the dead one would do with what it had; prints what it is told.
  'too-late'({ leases, checkpoints, tasks }, lease, receipt, task) {
    say(
      orCase(() => leases.release('lease', BigInt(lease), 'standard')),
      orCase(() => checkpoints.save('run', bytes('late'), saveOptions({ receipt }), 'standard')),
      orCase(() => checkpoints.complete('run', receipt, 'standard')),
      orCase(() => tasks.release('list', 1n, BigInt(task), undefined, 'standard')),
    );
  },

  // Adds one to the number that is the run's content, so often; prints how often somebody else had it.
  async 'count-up'({ checkpoints, holder }, run, worker, count, start) {
    const held = holder('open', worker, 60_000n, 'standard');
    await awaitFile(start);
    let waited = 0;
    for (let done = 0; done < Number(count); ) {
      const claimed = orCase(() => checkpoints.claim(run, held, undefined, 'standard'));
      if (claimed === 'held') {
        waited += 1;
        await pause(2);
        continue;
      }
      const counted = bytes(String(Number(text(claimed.content)) + 1));
      checkpoints.save(run, counted, saveOptions({ receipt: claimed.receipt }), 'unsynced');
      done += 1;
    }
    say(waited);
  },

  // Claims what is the most urgent and completes it, until there is nothing; prints the ids.
  async 'drain-list'({ tasks, holder }, list, worker, start) {
    const held = holder('open', worker, 60_000n, 'standard');
    await awaitFile(start);
    for (let claim; (claim = tasks.claimNext(list, held, false, 'standard')).tag === 'ok'; ) {
      const { token, task } = claim.val;
      say(task.id);
      tasks.update(list, task.id, updateFields({ status: 'completed', token }), undefined, 'unsynced');
    }
  },

  // Prints what each store says where only the holders were granted.
  ungranted({ queue, leases, checkpoints, tasks, jobs, holder }) {
    const held = holder('open', 'worker', 60_000n, 'unsynced');
    say(
      orCase(() => queue('q').status()),
      orCase(() => leases.acquire('lease', held, 'standard')),
      orCase(() => checkpoints.load('run', undefined)),
      orCase(() => tasks.info('list')),
      orCase(() => jobs.list(undefined, undefined, 1)),
    );
  },

  // Goes through the life of a task so often, and now and then of all else; prints how many handles that left open.
  cycle({ queue, leases, checkpoints, tasks, jobs, holder }, name, count) {
    const cycled = queue(name);
    const held = holder('open', 'cycle', 60_000n, 'standard');
    const handles = [];
    for (let number = 0; number < Number(count); number += 1) {
      cycled.push([newTask('again', { id: number % 2 ? String(number) : undefined })], 'refuse', 'unsynced');
      const [task] = cycled.claim(held, 1, undefined, 'standard');
      cycled.done(task.receipt, undefined, 'standard');
      if (number % Math.floor(Number(count) / 2) === 50) handles.push(readdirSync('/proc/self/fd').length);
      if (number % 4) continue;
      leases.release('cycle', leases.acquire('cycle', held, 'standard'), 'standard');
      checkpoints.save('cycle', bytes('again'), saveOptions(), 'unsynced');
      const run = checkpoints.claim('cycle', held, undefined, 'standard');
      checkpoints.complete('cycle', run.receipt, 'unsynced');
      const [id] = tasks.create('cycle', [newListTask({ subject: 'again' })], undefined, 'unsynced');
      tasks.delete('cycle', id, undefined, undefined, undefined, 'unsynced');
      const job = jobs.create(jobSpec({ command: ['true'] }), undefined, 'unsynced');
      jobs.fail(job, 'spawn', 'unsynced');
      jobs.collect(0n);
    }
    say(handles[1] - handles[0]);
  },

  walk,
};

async function inTurn(leases, lease, held) {
  for (;;) {
    const turn = leases.acquireInTurn(lease, held, 'standard');
    if (turn.tag === 'granted') return turn.val;
    await pause(2);
  }
}

async function atLast(leases, lease, held) {
  for (;;) {
    try {
      return leases.acquire(lease, held, 'standard');
    } catch (error) {
      if (error.tag !== 'held' && error.tag !== 'exhausted') throw error;
    }
    await pause(2);
  }
}

function orCase(call) {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof LeaseholdError)) throw error;
    return error.tag;
  }
}

async function awaitFile(path) {
  while (!existsSync(path)) await pause(10);
}

function pause(ms) {
  return new Promise((done) => setTimeout(done, ms));
}

// At once, since what prints may be killed.
function say(...words) {
  writeSync(1, `${words.join(' ')}\n`);
}

const [module, root, verb, ...args] = process.argv.slice(2);
try {
  const granted = verb === 'ungranted' ? ['holders'] : undefined;
  await verbs[verb](await open(module, root, granted), ...args);
} catch (error) {
  if (!(error instanceof LeaseholdError)) throw error;
  console.error(error.message);
  say('error', error.tag);
  process.exitCode = 1;
}
