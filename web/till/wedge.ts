/**
 * A scanner that types. It needs no focus: every key of the page passes here first, and what begins like a code is the
 * scanner's until its Enter. Keys are read by their place on the keyboard, so that neither Caps Lock nor the layout nor
 * an input method changes a character.
 */

import { LONG_PREFIX } from "../shared/terminal/codes.ts";
import { RECEIPT_PREFIX } from "../shared/terminal/receipts.ts";
import { SHORT_CODE_CHARACTERS, SHORT_PREFIX } from "../shared/terminal/shortCodes.ts";

const PREFIXES = [SHORT_PREFIX, LONG_PREFIX, RECEIPT_PREFIX];
/**
 * A scan that stands still for so long has lost its end. On a busy machine the keys of one scan come in bursts, with
 * pauses of some hundred milliseconds: these break nothing off.
 */
const LOST_AFTER_MS = 3_000;
/** A scanner's Enter after a code that was whole without it. */
const ENTER_WITHIN_MS = 1_000;
/** Characters that follow each other so fast on average no person types, and so many of them are a scan. */
const TYPED_WITHIN_MS = 60;
const FOREIGN_MIN = 4;
/** After such a pause another line begins. */
const PAUSE_MS = 500;

const SHIFTED: Readonly<Record<string, string>> = {
  Digit4: "$",
  Digit5: "%",
  Digit8: "*",
  Equal: "+",
  Semicolon: ":",
};
const PLAIN: Readonly<Record<string, string>> = { Space: " ", Minus: "-", Period: ".", Slash: "/" };

/** The character of base45 that a key types; empty for any other. */
function characterOf({ code, shiftKey }: KeyboardEvent): string {
  if (code.startsWith("Key")) return code.slice(3);
  if (shiftKey) return SHIFTED[code] ?? "";
  if (/^(?:Digit|Numpad)\d$/.test(code)) return code.slice(-1);
  return PLAIN[code] ?? "";
}

export interface Wedge {
  /** A whole code, as it was typed. */
  readonly scanned: (text: string) => void;
  /** A scan that stopped in the middle. */
  readonly lost: () => void;
  /** An input method takes the keys; whether the scanner can be read all the same is not sure. */
  readonly eaten: () => void;
}

/** Listen for a scanner until the signal is aborted. */
export function listenForWedge({ scanned, lost, eaten }: Wedge, signal: AbortSignal): void {
  let read = "";
  let endedAt = Number.NEGATIVE_INFINITY;
  let timer = 0;
  /** The line that is being typed outside of a code, and when its first and its last character came. */
  let line = "";
  let begunAt = 0;
  let typedAt = Number.NEGATIVE_INFINITY;

  const note = (character: string, at: number) => {
    if (at - typedAt > PAUSE_MS) {
      line = "";
      begunAt = at;
    }
    line += character;
    typedAt = at;
  };
  /** Whether an Enter ends what another scanner typed. */
  const isForeign = (at: number) =>
    line.length >= FOREIGN_MIN && at - typedAt < PAUSE_MS && typedAt - begunAt < TYPED_WITHIN_MS * line.length;

  const isScan = () => PREFIXES.some((prefix) => read.startsWith(prefix));
  const end = () => {
    const text = read;
    read = "";
    clearTimeout(timer);
    return text;
  };
  const claim = (event: KeyboardEvent) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const wait = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (isScan()) lost();
      end();
    }, LOST_AFTER_MS);
  };

  const type = (event: KeyboardEvent, character: string) => {
    const next = read + character;
    if (!isScan() && !PREFIXES.some((prefix) => prefix.startsWith(next))) {
      read = PREFIXES.some((prefix) => prefix.startsWith(character)) ? character : "";
      return;
    }
    read = next;
    wait();
    // The first letters of a code may be somebody's typing; a field keeps them until it is known.
    if (isScan() || !isField(event.target)) claim(event);
    if (PREFIXES.includes(read)) takeBack(event.target, read.length - 1);
    if (read.startsWith(SHORT_PREFIX) && read.length === SHORT_CODE_CHARACTERS) {
      endedAt = event.timeStamp;
      scanned(end());
    }
  };

  const key = (event: KeyboardEvent) => {
    if (event.key === "Process" || event.keyCode === 229) eaten();
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === "Enter" || event.code === "NumpadEnter" || event.code === "Tab") {
      if (isScan()) {
        claim(event);
        scanned(end());
      } else if (event.timeStamp - endedAt < ENTER_WITHIN_MS) {
        claim(event);
      } else if (isForeign(event.timeStamp) && !isField(event.target)) {
        // The end of another code must not press what has the focus.
        claim(event);
        scanned(line);
      }
      line = "";
      endedAt = Number.NEGATIVE_INFINITY;
      return;
    }
    const character = characterOf(event);
    if (character) {
      note(character, event.timeStamp);
      type(event, character);
    } else if (isScan() && event.code !== "ShiftLeft" && event.code !== "ShiftRight") claim(event);
  };
  addEventListener("keydown", key, { capture: true, signal });
  // A button is pressed when its Space comes up again.
  addEventListener("keyup", (event) => isScan() && claim(event), { capture: true, signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
}

function isField(target: EventTarget | null): target is HTMLInputElement {
  return target instanceof HTMLInputElement;
}

/** Remove the beginning of a code from the field that it was typed into. */
function takeBack(target: EventTarget | null, characters: number): void {
  if (isField(target)) target.value = target.value.slice(0, -characters);
}
