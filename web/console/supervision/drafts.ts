/**
 * Inspections that are not sent yet, with their photos, on this device: the network or the session may end meanwhile.
 * Each is its writer's; signing out forgets all of them (`shared/signedIn.js`).
 */

import { VISITS_DATABASE } from "../../shared/signedIn.js";

export interface Photo {
  readonly name: string;
  readonly content: Blob;
}

export interface VisitDraft {
  readonly login: string;
  readonly canteen: number;
  /** The number under which it is sent, and sent again. */
  readonly requestId: string;
  readonly visitedOn: string;
  readonly lookedAt: string;
  readonly photos: readonly Photo[];
}

const STORE = "drafts";

function settled<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function withStore<Value>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<Value>) {
  const opening = indexedDB.open(VISITS_DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: ["login", "canteen"] });
  const database = await settled(opening);
  try {
    const transaction = database.transaction(STORE, mode);
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const value = await settled(act(transaction.objectStore(STORE)));
    await done;
    return value;
  } finally {
    database.close();
  }
}

export function keepVisit(draft: VisitDraft): Promise<unknown> {
  return withStore("readwrite", (store) => store.put(draft));
}

export function forgetVisit({ login, canteen }: Pick<VisitDraft, "login" | "canteen">): Promise<unknown> {
  return withStore("readwrite", (store) => store.delete([login, canteen]));
}

/** The drafts of one person on this device. */
export async function visitsOf(login: string): Promise<VisitDraft[]> {
  const all: VisitDraft[] = await withStore("readonly", (store) => store.getAll());
  return all.filter((draft) => draft.login === login);
}
