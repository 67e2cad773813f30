// Takes every call of the contract, as ../walk.json tells: what, on which, method, arguments, answer, name for it.

import { readFileSync } from 'node:fs';
import { LeaseholdError, newTask, text } from './leasehold.mjs';

// Prints what is not as told, and how many steps were.
export function walk(instance) {
  const steps = JSON.parse(readFileSync(new URL('../walk.json', import.meta.url), 'utf8'));
  const named = {};
  let wrong = 0;
  for (const [what, on, method, args, told, name] of steps) {
    let answer;
    try {
      answer = take(instance, value(on, named), method, args.map((arg) => value(arg, named)));
    } catch (error) {
      if (!(error instanceof LeaseholdError)) throw error;
      console.error(`${what}: ${error.message}`);
      answer = `!${error.tag}`;
    }
    if (name) named[name] = answer;
    if (!matches(answer, value(told, named))) {
      wrong += 1;
      console.log(`${what}:`, answer, 'is not', told);
    }
  }
  console.log(`${steps.length - wrong} of ${steps.length}`);
}

function take(instance, on, method, args) {
  if (typeof on === 'object') return on[method](...args);
  if (on === 'holder') return instance.holder(method, ...args);
  if (on === 'queue') return instance.queue(...args);
  return instance[on][method](...args);
}

// What is written with `$` is named before; `60000n` is a 64-bit number; null is undefined here.
function value(told, named) {
  if (told === null) return undefined;
  if (typeof told === 'string' && told.startsWith('$')) {
    const [first, ...path] = told.slice(1).split('.');
    return path.reduce((found, step) => found[camel(step)], named[first]);
  }
  if (typeof told === 'string' && /^\d+n$/.test(told)) return BigInt(told.slice(0, -1));
  if (Array.isArray(told)) return told.map((element) => value(element, named));
  if (typeof told !== 'object') return told;
  if ('bytes' in told) return new TextEncoder().encode(told.bytes);
  const fields = Object.fromEntries(Object.entries(told).map(([name, field]) => [camel(name), value(field, named)]));
  if (!('task' in told)) return fields;
  const { task, ...options } = fields;
  return newTask(task, options);
}

function camel(name) {
  return name.replace(/[-_](\w)/g, (_, letter) => letter.toUpperCase());
}

// Whether the answer has everything that was told of it.
function matches(answer, told) {
  if (told?.of) return answer?.of === told.of;
  if (Array.isArray(told)) {
    return answer?.length === told.length && told.every((element, index) => matches(answer[index], element));
  }
  if (typeof told === 'object') {
    return answer !== undefined && Object.entries(told).every(([name, field]) => matches(answer[name], field));
  }
  if (answer instanceof Uint8Array) return text(answer) === told;
  if (typeof answer === 'bigint') return answer === BigInt(told);
  return answer === told;
}
