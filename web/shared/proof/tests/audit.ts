/** What the browser's checks find in bundles: `audit.ts KEY PREVIOUS FILE…` prints a JSON array, null: no bundle. */

import { readFileSync } from "node:fs";
import { NotABundle, readBundle } from "../bundle.ts";
import { audit, importKeys } from "../checks.ts";

const [key = "", previous = "", ...files] = process.argv.slice(2);
const keys = await importKeys(key);
const read = (path: string) => readBundle(new Uint8Array(readFileSync(path)));
const before = await read(previous);

const found = [];
for (const path of files) {
  try {
    found.push(await audit(await read(path), keys, before));
  } catch (error) {
    if (!(error instanceof NotABundle)) throw error;
    found.push(null);
  }
}
console.log(JSON.stringify(found));
