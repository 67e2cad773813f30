// The component under Node, transpiled by jco: an answer is returned, an error is thrown with its case as `tag`.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { _setPreopens } from '@bytecodealliance/preview2-shim/filesystem';

const GRANTED = ['.aristo', 'holders'];

export class LeaseholdError extends Error {
  constructor({ tag, val }) {
    super(`${tag}: ${typeof val === 'string' ? val : `${val.holder} holds it`}`);
    this.tag = tag;
  }
}

// The component that was transpiled into `module`, with the stores beneath `root`. A module is one instance.
export async function open(module, root) {
  // Under absolute names, as Node's shim has them; the component takes them as it takes `holders`.
  const directories = GRANTED.map((name) => [`/${name}`, join(root, name)]);
  for (const [, directory] of directories) mkdirSync(directory, { recursive: true });
  // Before the module is loaded: it looks its directories up once.
  _setPreopens(Object.fromEntries(directories));
  const { holders, queues, maintenance } = await import(pathToFileURL(module).href);
  return {
    holders: raising(holders),
    queues: raising(queues),
    maintenance: raising(maintenance),
    // `how` is open, attach or ensure.
    holder: (how, ...args) => raising(answered(() => holders.Holder[how](...args))),
    queue: (name) => raising(answered(() => queues.Queue.open(name))),
  };
}

export function newTask(payload, options = {}) {
  return { payload: new TextEncoder().encode(payload), delay: 0n, attributes: [], ...options };
}

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
