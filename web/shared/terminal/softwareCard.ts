/** A card in software, computing as the real one does (section 6.1 of the page): for tests and demonstrations. */

import { type Bytes, concat, uint } from "./bytes.ts";
import { type CardFile, encodeFile, type Tap } from "./cards.ts";

const BLOCK = 16;
const APPLICATION_ID = Uint8Array.of(0xf5, 0xca, 0x27);

/**
 * AES-128-CMAC (RFC 4493) by AES-CBC, of which it is the last block: WebCrypto has no CMAC, and CBC with a zero vector
 * is its arithmetic. CBC's own padding adds a block, which is left out.
 */
export async function cmac(key: Bytes, message: Bytes): Promise<Bytes> {
  const aes = await crypto.subtle.importKey("raw", key, "AES-CBC", false, ["encrypt"]);
  const lastBlock = async (data: Bytes): Promise<Bytes> => {
    const encrypted = await crypto.subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(BLOCK) }, aes, data);
    return new Uint8Array(encrypted).slice(data.length - BLOCK, data.length);
  };
  const subkey = doubled(await lastBlock(new Uint8Array(BLOCK)));
  const isWhole = message.length > 0 && message.length % BLOCK === 0;
  const padding = isWhole ? 0 : BLOCK - (message.length % BLOCK);
  const padded = concat(message, new Uint8Array(padding));
  if (!isWhole) padded[message.length] = 0x80;
  const mask = isWhole ? subkey : doubled(subkey);
  mask.forEach((byte, at) => {
    const last = padded.length - BLOCK + at;
    padded[last] = (padded[last] ?? 0) ^ byte;
  });
  return lastBlock(padded);
}

/** Twice a block in the field of RFC 4493 section 2.3. */
function doubled(block: Bytes): Bytes {
  const twice = block.map((byte, at) => ((byte << 1) | ((block[at + 1] ?? 0) >> 7)) & 0xff);
  if ((block[0] ?? 0) & 0x80) twice[BLOCK - 1] = (twice[BLOCK - 1] ?? 0) ^ 0x87;
  return twice;
}

/** The key of one card (NXP AN10922), 16 bytes. `uid`: 7 bytes. */
export function cardKey(masterKey: Bytes, uid: Bytes, file: CardFile): Promise<Bytes> {
  return cmac(masterKey, concat(Uint8Array.of(1), uid, APPLICATION_ID, encodeFile(file)));
}

/** A card's answer to a challenge under its next counter value, 16 bytes. */
export function cardMac(key: Bytes, challenge: Bytes, counter: number): Promise<Bytes> {
  return cmac(key, concat(Uint8Array.of(1), challenge, uint(counter, 8)));
}

export class SoftwareCard {
  readonly uid: Bytes;
  readonly file: CardFile;
  readonly #key: Bytes;
  /** The last one given out. */
  counter: number;

  constructor(uid: Bytes, file: CardFile, key: Bytes, counter = 0) {
    this.uid = uid;
    this.file = file;
    this.#key = key;
    this.counter = counter;
  }

  /**
   * Hold the card to a reader: it answers one challenge of 16 bytes, and refuses every other until it is taken away.
   */
  tap(): Tap {
    let answered = false;
    const answer = async (challenge: Bytes) => {
      if (answered || challenge.length !== BLOCK) throw new Error("the card answers no more until it is taken away");
      answered = true;
      const counter = ++this.counter;
      return { counter, mac: await cardMac(this.#key, challenge, counter) };
    };
    return { uid: this.uid, file: this.file, answer };
  }
}
