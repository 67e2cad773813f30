// Takes the steps that a file of ../walks tells: what, on which, method, arguments, answer, name for it.
//
// On `command` the method is a command, to be run with the arguments; the answer is what it prints, a line each. On
// `file` the method and the arguments are a path and what is written there.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as leasehold from './leasehold.mjs';

const { LeaseholdError, bytes, newTask, text } = leasehold;

// Prints what is not as told, and how many steps were.
export function walk(instance, file, command, root) {
  const steps = JSON.parse(readFileSync(file, 'utf8'));
  const named = {};
  let wrong = 0;
  for (const [what, on, method, toldArgs, told, name] of steps) {
    const args = toldArgs.map((arg) => value(arg, named));
    let answer;
    try {
      if (on === 'command') answer = run(command, root, method, args);
      else if (on === 'file') answer = write(join(root, method, ...args.slice(0, -1)), args.at(-1));
      else answer = take(instance, value(on, named), camel(method), args);
    } catch (error) {
      if (!(error instanceof LeaseholdError)) throw error;
      console.error(`${what}: ${error.message}`);
      answer = error;
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

// Bytes among the arguments are its input.
function run(command, root, verb, args) {
  const input = args.find((arg) => arg instanceof Uint8Array) ?? '';
  const words = args.filter((arg) => !(arg instanceof Uint8Array)).map(String);
  const done = spawnSync(command, ['--root', root, '--json', verb, ...words], { input, encoding: 'utf8' });
  // `job wait` ends as the job does, and complains of nothing.
  if (done.status !== 0 && done.stderr !== '') {
    const { error, message } = JSON.parse(done.stderr.trimEnd().split('\n').at(-1));
    throw new LeaseholdError({ tag: error, val: message });
  }
  return done.stdout.split('\n').filter((line) => line !== '').map((line) => camelled(JSON.parse(line)));
}

function write(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
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
  if ('bytes' in told) return bytes(told.bytes);
  const fields = Object.fromEntries(Object.entries(told).map(([name, field]) => [camel(name), value(field, named)]));
  if (typeof told.task === 'string') {
    const { task, ...options } = fields;
    return newTask(task, options);
  }
  if ('is' in told) {
    const { is, ...options } = fields;
    return leasehold[camel(is)](options);
  }
  return fields;
}

function camel(name) {
  return name.replace(/[-_](\w)/g, (_, letter) => letter.toUpperCase());
}

// What the command says, with the names and absences of the other answers.
function camelled(said) {
  if (said === null) return undefined;
  if (Array.isArray(said)) return said.map(camelled);
  if (typeof said !== 'object') return said;
  return Object.fromEntries(Object.entries(said).map(([name, field]) => [camel(name), camelled(field)]));
}

// Whether the answer has everything that was told of it.
function matches(answer, told) {
  if (answer instanceof LeaseholdError && typeof told === 'string') return told === `!${answer.tag}`;
  if (told?.of) return answer?.of === told.of;
  if (Array.isArray(told)) {
    return answer?.length === told.length && told.every((element, index) => matches(answer[index], element));
  }
  if (typeof told === 'object') {
    return answer !== undefined && Object.entries(told).every(([name, field]) => matches(answer[name], field));
  }
  if (answer instanceof Uint8Array) return text(answer) === told;
  // The command's numbers are no bigints.
  return answer === told || (isNumber(answer) && isNumber(told) && BigInt(answer) === BigInt(told));
}

function isNumber(value) {
  return typeof value === 'bigint' || Number.isInteger(value);
}
