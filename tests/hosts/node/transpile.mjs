// What `jco transpile COMPONENT --name leasehold --out-dir OUT` does, without the rest of jco.
//
// usage: transpile.mjs COMPONENT OUT

import { transpile, writeFiles } from '@bytecodealliance/jco-transpile';

const [component, outDir] = process.argv.slice(2);
const { files } = await transpile(component, { name: 'leasehold', outDir });
await writeFiles(files);
