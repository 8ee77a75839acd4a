/**
 * A terminal's journal and values in IndexedDB. Every transaction has the durability `strict`: it is on the disk when
 * it completes, where the browser's default leaves it to the operating system. Open it once, and ask for
 * `navigator.storage.persist()`: without it the browser may throw the journal away.
 */

import {
  answered,
  type Closing,
  type Entry,
  type Journal,
  type Operation,
  type Outcome,
  type Store,
  usedUp,
  voided,
} from "./journal.ts";

const VERSION = 1;

/** An entry as it is stored: `open` is there while it has no final answer, so that an index finds these alone. */
type Stored = Entry & { readonly open?: 1 };

/** Open the database of one terminal or phone, and make it on first use. */
export async function openDatabase(name: string): Promise<{ journal: Journal; store: Store; close: () => void }> {
  const opening = indexedDB.open(name, VERSION);
  opening.onupgradeneeded = () => {
    const requests = opening.result.createObjectStore("requests", { keyPath: ["epoch", "sequence"] });
    requests.createIndex("open", ["open", "epoch", "sequence"]);
    requests.createIndex("operation", ["operation", "epoch", "sequence"]);
    opening.result.createObjectStore("closings", { keyPath: ["epoch", "shift"] });
    opening.result.createObjectStore("values");
  };
  const db = await result(opening);
  return { journal: new DatabaseJournal(db), store: new DatabaseStore(db), close: () => db.close() };
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Write in one transaction; resolves when it is on the disk. */
async function write(db: IDBDatabase, store: string, change: (store: IDBObjectStore) => void): Promise<void> {
  const transaction = db.transaction(store, "readwrite", { durability: "strict" });
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  change(transaction.objectStore(store));
  await done;
}

function read<T>(db: IDBDatabase, store: string, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return result(ask(db.transaction(store).objectStore(store)));
}

class DatabaseJournal implements Journal {
  readonly #db: IDBDatabase;

  constructor(db: IDBDatabase) {
    this.#db = db;
  }

  writeAhead(epoch: number, sequence: number, operation: Operation, body: string): Promise<void> {
    const entry: Stored = { epoch, sequence, operation, body, outcome: "unknown", answer: null, open: 1 };
    // `add` fails on a number that was used, also by another tab.
    return write(this.#db, "requests", (requests) => requests.add(entry));
  }

  useUp(epoch: number, sequence: number): Promise<void> {
    return write(this.#db, "requests", (requests) => requests.add(usedUp(epoch, sequence)));
  }

  writeAnswer(epoch: number, sequence: number, outcome: Outcome, answer: string): Promise<void> {
    return this.#change(epoch, sequence, ({ open: _, ...entry }) => answered(entry, outcome, answer));
  }

  markVoided(epoch: number, sequence: number): Promise<void> {
    return this.#change(epoch, sequence, voided);
  }

  #change(epoch: number, sequence: number, change: (entry: Stored) => Stored): Promise<void> {
    return write(this.#db, "requests", (requests) => {
      const found: IDBRequest<Stored | undefined> = requests.get([epoch, sequence]);
      found.onsuccess = () => found.result && requests.put(change(found.result));
    });
  }

  entry(epoch: number, sequence: number): Promise<Entry | undefined> {
    return read(this.#db, "requests", (requests) => requests.get([epoch, sequence]));
  }

  between(epoch: number, first: number, last: number): Promise<Entry[]> {
    if (first > last) return Promise.resolve([]);
    const range = IDBKeyRange.bound([epoch, first], [epoch, last]);
    return read(this.#db, "requests", (requests) => requests.getAll(range));
  }

  unanswered(): Promise<Entry[]> {
    return read(this.#db, "requests", (requests) => requests.index("open").getAll());
  }

  async highestSequence(epoch: number): Promise<number> {
    const range = IDBKeyRange.bound([epoch, 0], [epoch, Number.MAX_SAFE_INTEGER]);
    const last = await read(this.#db, "requests", (requests) => requests.openKeyCursor(range, "prev"));
    const key = last?.primaryKey;
    return Array.isArray(key) ? Number(key[1]) : 0;
  }

  async latestShift(epoch: number): Promise<Entry | undefined> {
    const range = IDBKeyRange.bound(["open_shift", epoch, 0], ["open_shift", epoch, Number.MAX_SAFE_INTEGER]);
    const openings = await read<Entry[]>(this.#db, "requests", (all) => all.index("operation").getAll(range));
    return openings.findLast((entry) => entry.outcome !== "rejected");
  }

  writeClosing(closing: Closing): Promise<void> {
    return write(this.#db, "closings", (closings) => closings.put(closing));
  }

  closing(epoch: number, shift: number): Promise<Closing | undefined> {
    return read(this.#db, "closings", (closings) => closings.get([epoch, shift]));
  }
}

class DatabaseStore implements Store {
  readonly #db: IDBDatabase;

  constructor(db: IDBDatabase) {
    this.#db = db;
  }

  read(name: string): Promise<unknown> {
    return read<unknown>(this.#db, "values", (values) => values.get(name));
  }

  write(name: string, value: unknown): Promise<void> {
    return write(this.#db, "values", (values) => values.put(value, name));
  }
}
