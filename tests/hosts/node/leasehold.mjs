// The component under Node, transpiled by jco: an answer is returned, an error is thrown with its case as `tag`.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { _setPreopens } from '@bytecodealliance/preview2-shim/filesystem';

const GRANTED = ['.aristo', 'claims', 'checkpoint', 'tasks', 'jobs', 'holders'];
const INTERFACES = ['queues', 'holders', 'leases', 'checkpoints', 'tasks', 'jobs', 'maintenance'];

// Why a call changed nothing; `tag` is the case of the error, `val` a text, or who holds the thing.
export class LeaseholdError extends Error {
  constructor({ tag, val }) {
    super(`${tag}: ${typeof val === 'string' ? val : `${val.holder} holds it`}`);
    Object.assign(this, { tag, val });
  }
}

// The component that was transpiled into `module`, with the stores beneath `root`: `leases.acquire(...)` and so on.
// A module is one instance.
export async function open(module, root, granted = GRANTED) {
  // Under absolute names, as Node's shim has them; the component takes them as it takes `holders`.
  const directories = granted.map((name) => [`/${name}`, join(root, name)]);
  for (const [, directory] of directories) mkdirSync(directory, { recursive: true });
  // Before the module is loaded: it looks its directories up once.
  _setPreopens(Object.fromEntries(directories));
  const exports = await import(pathToFileURL(module).href);
  return {
    ...Object.fromEntries(INTERFACES.map((name) => [name, raising(exports[name])])),
    // `how` is open, attach or ensure.
    holder: (how, ...args) => raising(answered(() => exports.holders.Holder[how](...args))),
    queue: (name) => raising(answered(() => exports.queues.Queue.open(name))),
  };
}

// Of a record all lists, booleans and numbers have to be there; these fill in what may be left out.

// A task for a queue.
export function newTask(payload, options = {}) {
  return { payload: new TextEncoder().encode(payload), delay: 0n, attributes: [], ...options };
}

export const saveOptions = (options = {}) => ({ keepClaim: false, ...options });

// A task for a list; `metadata` is JSON.
export const newListTask = (fields) => ({ description: '', blockedBy: [], blockedByNew: [], ...fields });

// What is to be different in a task of a list.
export const updateFields = (fields) => {
  return { addBlockedBy: [], removeBlockedBy: [], addBlocks: [], removeBlocks: [], ...fields };
};

export const jobSpec = (fields) => ({ pty: false, notify: false, ...fields });

export const bytes = (text) => new TextEncoder().encode(text);
export const text = (bytes) => new TextDecoder().decode(bytes);

// The object with its functions throwing what they answer as an error.
function raising(target) {
  const handle = { of: target };
  return new Proxy(handle, {
    get: (_, name) =>
      name === 'of' ? target : (...args) => answered(() => target[name](...args.map((arg) => arg?.of ?? arg))),
  });
}

function answered(call) {
  try {
    return call();
  } catch (error) {
    // An error of the contract, by itself or as a payload; anything else is a failure of the host.
    const told = error?.payload ?? error;
    throw typeof told?.tag === 'string' ? new LeaseholdError(told) : error;
  }
}
