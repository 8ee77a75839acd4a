/** Writes our TypeScript without its types into a folder, for a browser: `node strip.ts FOLDER`. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

const [folder = ""] = process.argv.slice(2);
const root = join(import.meta.dirname, "..");

for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
  if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, stripTypeScriptTypes(readFileSync(join(root, name), "utf8")));
}
