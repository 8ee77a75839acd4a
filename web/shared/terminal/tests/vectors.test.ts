/** Every vector of docs/terminal-protocol.md, read from the page. */

import { readFileSync } from "node:fs";
import { test } from "node:test";
import { checksOf } from "./checks.ts";

const page = readFileSync(new URL("../../../../docs/terminal-protocol.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/```json\n(.*?)```/gs)];

for (const [name, run] of checksOf(JSON.parse(blocks.at(-1)?.[1] ?? ""))) test(name, run);
