/**
 * The texts of the applications, from the product's catalogue (`foundation/locales`): `shared/texts/APP.ts` with every
 * message of the given prefixes in Chinese and English. Run it before a build or a check: what it writes is not kept.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LOCALES = join(import.meta.dirname, "..", "foundation", "locales");
const TARGET = join(import.meta.dirname, "shared", "texts");

/** By application: the beginnings of the ids that it shows. */
const PREFIXES = {
  phone: ["phone.", "meal.", "transfer.kind.", "dining.allergen.", "dining.mark."],
  counter: ["counter.", "meal."],
  till: ["till.", "meal."],
  console: ["console.", "live.", "meal.", "measures.serving.", "measures.stream."],
  "console-books": ["console.books."],
  "console-changes": ["console.changes."],
  "console-inbox": [
    ...["console.inbox.", "approval.kind.", "approval.state.", "material.kind.", "materials.destination."],
  ],
  "console-audit": ["console.audit.", "proof.", "audit.check.", "audit.detail."],
  "console-bulletins": ["console.bulletins."],
  "console-evaluation": ["console.evaluation."],
  "console-kitchen": ["console.kitchen."],
  "console-night": ["console.night."],
  "console-supervision": ["console.supervision.", "supervision.state.", "supervision.level.", "case.kind."],
  "console-savings": ["console.savings."],
  "console-today": ["console.today."],
  proof: ["proof.", "audit.check.", "audit.detail."],
};

/** All messages of a language. A string of a PO file is a JSON string, continued on further lines. */
function messages(language: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(join(LOCALES, language))) {
    const text = readFileSync(join(LOCALES, language, name), "utf-8");
    for (const [, id, said] of text.matchAll(/^msgid ("[^"]+")\nmsgstr ((?:".*"\n?)+)/gm)) {
      found.set(
        JSON.parse(String(id)),
        String(said)
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
          .join(""),
      );
    }
  }
  return found;
}

/** What an application shows. What a room of the console says alone is in the room's own module. */
function listing(language: string, app: string, prefixes: string[]): string {
  const apart = Object.entries(PREFIXES).flatMap(([name, own]) => (name.startsWith(`${app}-`) ? own : []));
  const begins = (id: string, starts: string[]) => starts.some((prefix) => id.startsWith(prefix));
  const own = [...messages(language)].filter(([id]) => begins(id, prefixes) && !begins(id, apart)).sort();
  return JSON.stringify(Object.fromEntries(own), null, 2);
}

/** Applications that load the reader's language alone: each language is a module of its own. */
const isApart = (app: string) => app.startsWith("console");
const HEAD = "// From foundation/locales; written by web/texts.ts.";
const OTHER = "{ readonly [Id in keyof typeof zh]: string }";

function write(name: string, ...lines: string[]): void {
  writeFileSync(join(TARGET, `${name}.ts`), `${[HEAD, ...lines].join("\n")}\n`);
}

mkdirSync(TARGET, { recursive: true });
for (const [app, prefixes] of Object.entries(PREFIXES)) {
  const zh = `export const zh = ${listing("zh_Hans", app, prefixes)} as const;`;
  const en = `export const en: ${OTHER} = ${listing("en", app, prefixes)};`;
  if (isApart(app)) {
    write(`${app}.zh`, zh);
    write(`${app}.en`, `import type { zh } from "./${app}.zh.ts";`, en);
  } else {
    write(app, zh, en);
  }
}
