/** A journal and a store in files, for a device that is a process of Node and can be killed. */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fromBase64url, toBase64url } from "../bytes.ts";
import { type Closing, type Entry, MemoryJournal, type Store } from "../journal.ts";

function append(file: number, value: object): void {
  writeSync(file, `${JSON.stringify(value)}\n`);
  fsyncSync(file);
}

/** Every change is a line of the file; on the disk when the method resolves. */
export class FileJournal extends MemoryJournal {
  readonly #file: number;

  constructor(folder: string) {
    super();
    const path = join(folder, "journal.jsonl");
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    // A line that the end of the process cut off was not written.
    for (const line of lines.slice(0, -1)) {
      const { entry, closing } = JSON.parse(line) as { entry?: Entry; closing?: Closing };
      if (entry) this.entries.set(`${entry.epoch}/${entry.sequence}`, entry);
      if (closing) this.closings.set(`${closing.epoch}/${closing.shift}`, closing);
    }
    this.#file = openSync(path, "a", 0o600);
  }

  protected override async put(entry: Entry): Promise<void> {
    append(this.#file, { entry });
    await super.put(entry);
  }

  override async writeClosing(closing: Closing): Promise<void> {
    append(this.#file, { closing });
    await super.writeClosing(closing);
  }
}

/** A file for each value. Keys are written as PKCS #8, so they must be extractable. */
export class FileStore implements Store {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(name: string): Promise<unknown> {
    const path = join(this.#folder, `${name}.json`);
    return existsSync(path) ? thaw(JSON.parse(readFileSync(path, "utf8"))) : undefined;
  }

  async write(name: string, value: unknown): Promise<void> {
    const fresh = join(this.#folder, `${name}.new`);
    const file = openSync(fresh, "w", 0o600);
    append(file, { value: await freeze(value) });
    closeSync(file);
    renameSync(fresh, join(this.#folder, `${name}.json`));
  }
}

async function freeze(value: unknown): Promise<unknown> {
  if (value instanceof CryptoKey) {
    const bytes = new Uint8Array(await crypto.subtle.exportKey("pkcs8", value));
    return { $key: toBase64url(bytes), algorithm: value.algorithm };
  }
  if (value instanceof Uint8Array) return { $bytes: toBase64url(Uint8Array.from(value)) };
  if (value instanceof Set) return { $set: [...value] };
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Promise.all(value.map(freeze));
  const members = Object.entries(value).map(async ([name, member]) => [name, await freeze(member)]);
  return Object.fromEntries(await Promise.all(members));
}

async function thaw(value: unknown): Promise<unknown> {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return Promise.all(value.map(thaw));
  if ("value" in value && Object.keys(value).length === 1) return thaw(value.value);
  if ("$bytes" in value) return fromBase64url(String(value.$bytes));
  if ("$set" in value) return new Set(value.$set as string[]);
  if ("$key" in value && "algorithm" in value) {
    const bytes = fromBase64url(String(value.$key));
    return crypto.subtle.importKey("pkcs8", bytes, value.algorithm as Algorithm, true, ["sign"]);
  }
  const members = Object.entries(value).map(async ([name, member]) => [name, await thaw(member)]);
  return Object.fromEntries(await Promise.all(members));
}
