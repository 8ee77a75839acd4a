/**
 * What a terminal keeps (section 2 of the page): its journal, in which every request stands before it is sent and every
 * answer before it is shown, and a few values beside it. `indexedDb.ts` keeps them in a browser.
 */

/** What is written before it is sent, and sent again while it is unknown. */
export type Operation = "charge" | "void" | "open_shift";
export type Outcome = "unknown" | "approved" | "refused" | "voided" | "recorded" | "rejected" | "not_kept";

/** One request. `body` and `answer` are the exact texts on the wire; `answer` is null while there is no final one. */
export interface Entry {
  readonly epoch: number;
  readonly sequence: number;
  /** `cashier`: its body has a PIN, which no disk sees; the entry says that the number is used. */
  readonly operation: Operation | "cashier";
  readonly body: string;
  readonly outcome: Outcome;
  readonly answer: string | null;
}

/** What a terminal said at the end of a shift; `answer` is null while the centre has not confirmed that it arrived. */
export interface Closing {
  readonly epoch: number;
  readonly shift: number;
  readonly body: string;
  readonly answer: string | null;
}

/** Every method that writes resolves when the content is on the disk, and rejects when it is not. */
export interface Journal {
  /** Write a request before it is sent; rejects when the number was used. */
  writeAhead(epoch: number, sequence: number, operation: Operation, body: string): Promise<void>;
  /** Note that a number is used for a cashier's message, which is not kept; rejects when it was used. */
  useUp(epoch: number, sequence: number): Promise<void>;
  /** Write an answer before it is shown. */
  writeAnswer(epoch: number, sequence: number, outcome: Outcome, answer: string): Promise<void>;
  /** A void has settled a charge: it is not shown as approved. Its own answer stays, or is still to come. */
  markVoided(epoch: number, sequence: number): Promise<void>;
  entry(epoch: number, sequence: number): Promise<Entry | undefined>;
  /** Requests between two numbers, both included, in their order. */
  between(epoch: number, first: number, last: number): Promise<Entry[]>;
  /** Requests that have no final answer, in their order. */
  unanswered(): Promise<Entry[]>;
  /** The highest number used in an epoch; 0 if none. */
  highestSequence(epoch: number): Promise<number>;
  /** The opening of the latest shift of an epoch that was not rejected. */
  latestShift(epoch: number): Promise<Entry | undefined>;
  writeClosing(closing: Closing): Promise<void>;
  closing(epoch: number, shift: number): Promise<Closing | undefined>;
}

/** Values under names, written as a whole: keys, parameters, the block list. They are such as IndexedDB stores. */
export interface Store {
  read(name: string): Promise<unknown>;
  /** Resolves when the value is on the disk. */
  write(name: string, value: unknown): Promise<void>;
}

/** An entry with its own final answer. What was voided meanwhile stays so, whichever answer comes first. */
export function answered(entry: Entry, outcome: Outcome, answer: string): Entry {
  const isVoidedSince = entry.outcome === "voided" && outcome === "approved";
  return { ...entry, outcome: isVoidedSince ? "voided" : outcome, answer };
}

/** What a void leaves of an entry. */
export function voided(entry: Entry): Entry {
  const isSettled = entry.operation === "charge" && (entry.outcome === "unknown" || entry.outcome === "approved");
  return isSettled ? { ...entry, outcome: "voided" } : entry;
}

/** A number that was used for a cashier's message. */
export function usedUp(epoch: number, sequence: number): Entry {
  return { epoch, sequence, operation: "cashier", body: "{}", outcome: "not_kept", answer: "{}" };
}

/** For tests: it forgets everything with its process. */
export class MemoryJournal implements Journal {
  protected readonly entries = new Map<string, Entry>();
  protected readonly closings = new Map<string, Closing>();

  async writeAhead(epoch: number, sequence: number, operation: Operation, body: string): Promise<void> {
    if (this.entries.has(`${epoch}/${sequence}`)) throw new Error(`the number ${epoch}/${sequence} was used`);
    await this.put({ epoch, sequence, operation, body, outcome: "unknown", answer: null });
  }

  async useUp(epoch: number, sequence: number): Promise<void> {
    if (this.entries.has(`${epoch}/${sequence}`)) throw new Error(`the number ${epoch}/${sequence} was used`);
    await this.put(usedUp(epoch, sequence));
  }

  async writeAnswer(epoch: number, sequence: number, outcome: Outcome, answer: string): Promise<void> {
    await this.put(answered(this.known(epoch, sequence), outcome, answer));
  }

  async markVoided(epoch: number, sequence: number): Promise<void> {
    const entry = this.entries.get(`${epoch}/${sequence}`);
    if (entry) await this.put(voided(entry));
  }

  async entry(epoch: number, sequence: number): Promise<Entry | undefined> {
    return this.entries.get(`${epoch}/${sequence}`);
  }

  async between(epoch: number, first: number, last: number): Promise<Entry[]> {
    return this.sorted().filter((one) => one.epoch === epoch && one.sequence >= first && one.sequence <= last);
  }

  async unanswered(): Promise<Entry[]> {
    return this.sorted().filter((one) => one.answer === null);
  }

  async highestSequence(epoch: number): Promise<number> {
    return this.sorted().findLast((one) => one.epoch === epoch)?.sequence ?? 0;
  }

  async latestShift(epoch: number): Promise<Entry | undefined> {
    return this.sorted().findLast(
      (one) => one.epoch === epoch && one.operation === "open_shift" && one.outcome !== "rejected",
    );
  }

  async writeClosing(closing: Closing): Promise<void> {
    this.closings.set(`${closing.epoch}/${closing.shift}`, closing);
  }

  async closing(epoch: number, shift: number): Promise<Closing | undefined> {
    return this.closings.get(`${epoch}/${shift}`);
  }

  protected async put(entry: Entry): Promise<void> {
    this.entries.set(`${entry.epoch}/${entry.sequence}`, entry);
  }

  private known(epoch: number, sequence: number): Entry {
    const entry = this.entries.get(`${epoch}/${sequence}`);
    if (!entry) throw new Error(`the journal has no ${epoch}/${sequence}`);
    return entry;
  }

  private sorted(): Entry[] {
    return [...this.entries.values()].sort((one, other) => one.epoch - other.epoch || one.sequence - other.sequence);
  }
}

/** For tests, likewise. */
export class MemoryStore implements Store {
  readonly #values = new Map<string, unknown>();

  async read(name: string): Promise<unknown> {
    return this.#values.get(name);
  }

  async write(name: string, value: unknown): Promise<void> {
    this.#values.set(name, value);
  }
}
