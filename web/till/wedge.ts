/**
 * A scanner that types. It needs no focus: every key of the page passes here first, and what begins like a code is the
 * scanner's until its Enter. Keys are read by their place on the keyboard, so that neither Caps Lock nor the layout nor
 * an input method changes a character. What a scanner typed does nothing else: a key that acts must stand alone, and
 * what was typed at a scanner's pace is undone.
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
/** Keys that follow each other so fast no person presses, and so many of them are a scan before their Enter, too. */
const SCANNER_MS = 60;
const FOREIGN_MIN = 4;
/** After such a pause another line begins. */
const PAUSE_MS = 500;
/** What a person means by one key he presses with no other one so long before and after it. */
const ALONE_MS = 150;

const SHIFTED: Readonly<Record<string, string>> = {
  Digit4: "$",
  Digit5: "%",
  Digit8: "*",
  Equal: "+",
  Semicolon: ":",
};
const PLAIN: Readonly<Record<string, string>> = { Space: " ", Minus: "-", Period: ".", Slash: "/" };
const MODIFIER = /^(?:Shift|Control|Alt|Meta)(?:Left|Right)$/;
const ENDS = new Set(["Enter", "NumpadEnter", "Tab"]);
/** Keys that answer, choose or press something; those of the browser's own (F5, F11, F12) are left to it. */
const ACTS = /^(?:Enter|NumpadEnter|Space|NumpadAdd|Escape|F[1-46-9]|F10)$/;
/** Keys that move the focus. */
const MOVES = /^(?:Tab|Arrow(?:Up|Down|Left|Right))$/;

/** The character of base45 that a key types; empty for any other. */
function characterOf({ code, shiftKey }: KeyboardEvent): string {
  if (code.startsWith("Key")) return code.slice(3);
  if (code === "NumpadAdd") return "+";
  if (shiftKey) return SHIFTED[code] ?? "";
  if (/^(?:Digit|Numpad)\d$/.test(code)) return code.slice(-1);
  return PLAIN[code] ?? "";
}

function actsAlone({ code, key }: KeyboardEvent): boolean {
  return ACTS.test(code) || key === "+";
}

export interface Wedge {
  /** A whole code, as it was typed, and when its first character came (as `performance.now()`). */
  readonly scanned: (text: string, begunAt: number) => void;
  /** A scan that stopped in the middle. */
  readonly lost: () => void;
  /** An input method takes the keys; whether the scanner can be read all the same is not sure. */
  readonly eaten: () => void;
  /** Keys begin that may turn out to be a scanner's; what is returned undoes what they will have done by then. */
  readonly begun: () => () => void;
}

/** Keys one after another at a scanner's pace: a scan, or one key of a person. */
interface Run {
  readonly undo: () => void;
  isScan: boolean;
}

/** Listen for a scanner until the signal is aborted. */
export function listenForWedge({ scanned, lost, eaten, begun }: Wedge, signal: AbortSignal): void {
  let read = "";
  /** Of the code that is read: when it began, and what undoes the keys before it. */
  let readAt = 0;
  let readRun: Run | null = null;
  let endedAt = Number.NEGATIVE_INFINITY;
  let timer = 0;
  /** The line that is being typed outside of a code, and when its first and its last character came. */
  let line = "";
  let begunAt = 0;
  let typedAt = Number.NEGATIVE_INFINITY;
  let keyAt = Number.NEGATIVE_INFINITY;
  let run: Run = { undo: () => undefined, isScan: false };
  /** A key that acts, until it is sure that no other one follows. */
  let held: KeyboardEvent | null = null;
  let holding = 0;
  /** What got the focus by a key: a click may leave it on a button that no Enter of a scanner is to press. */
  let reached: EventTarget | null = null;
  let isMoving = false;

  const note = (character: string, at: number) => {
    if (at - typedAt > PAUSE_MS) {
      line = "";
      begunAt = at;
    }
    if (!line) begunAt = at;
    line += character;
    typedAt = at;
  };
  /** Whether an Enter ends what another scanner typed. Of few characters it must be as fast as they. */
  const isForeign = (at: number) =>
    line.length >= FOREIGN_MIN
      ? at - typedAt < PAUSE_MS && typedAt - begunAt < SCANNER_MS * line.length
      : line !== "" && at - begunAt < SCANNER_MS * line.length;
  const endLine = () => {
    line = "";
    typedAt = Number.NEGATIVE_INFINITY;
  };
  const isScanOf = (one: Run) => {
    if (!one.isScan) one.undo();
    one.isScan = true;
    reached = null;
  };

  const isScan = () => PREFIXES.some((prefix) => read.startsWith(prefix));
  const end = () => {
    const text = read;
    read = "";
    clearTimeout(timer);
    return text;
  };
  const wait = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      if (isScan()) lost();
      end();
    }, LOST_AFTER_MS);
  };
  const begin = (at: number) => {
    readAt = at;
    readRun = run;
  };

  /** Add a character to the code that is read; whether it is the code's. */
  const type = (event: KeyboardEvent, character: string): boolean => {
    const next = read + character;
    if (!isScan() && !PREFIXES.some((prefix) => prefix.startsWith(next))) {
      read = PREFIXES.some((prefix) => prefix.startsWith(character)) ? character : "";
      if (read) begin(event.timeStamp);
      return read !== "";
    }
    if (!read) begin(event.timeStamp);
    read = next;
    wait();
    // The first letters of a code may be somebody's typing; a field keeps them until it is known.
    if (isScan() || !isField(event.target)) claim(event);
    if (PREFIXES.includes(read)) {
      takeBack(event.target, read.length - 1);
      if (readRun) isScanOf(readRun);
      isScanOf(run);
    }
    if (read.startsWith(SHORT_PREFIX) && read.length === SHORT_CODE_CHARACTERS) {
      endedAt = event.timeStamp;
      scanned(end(), readAt);
    }
    return true;
  };

  const pressHeld = () => {
    clearTimeout(holding);
    const event = held;
    held = null;
    endLine();
    if (event) press(event, event.target === reached);
  };
  /** Another key came: what was held stood alone, or it is no act. */
  const settle = (at: number) => {
    if (held && at - held.timeStamp >= ALONE_MS) pressHeld();
    clearTimeout(holding);
    held = null;
  };
  const hold = (event: KeyboardEvent, isAlone: boolean) => {
    claim(event);
    if (!isAlone || event.repeat) return;
    held = event;
    holding = window.setTimeout(pressHeld, ALONE_MS);
  };

  /** The end of a line; whether it was a scanner's. */
  const endedScan = (event: KeyboardEvent): boolean => {
    if (isScan()) {
      claim(event);
      scanned(end(), readAt);
    } else if (event.timeStamp - endedAt < ENTER_WITHIN_MS) {
      claim(event);
    } else if (isForeign(event.timeStamp) && !isField(event.target)) {
      // The end of another code must not press what has the focus.
      claim(event);
      isScanOf(run);
      scanned(line, begunAt);
    } else return false;
    return true;
  };

  const key = (event: KeyboardEvent) => {
    // What this listener lets a page have again.
    if (!event.isTrusted) return;
    if (event.key === "Process" || event.keyCode === 229) eaten();
    if (MODIFIER.test(event.code)) return;
    const at = event.timeStamp;
    settle(at);
    const sinceKey = at - keyAt;
    const sinceCharacter = at - typedAt;
    const wasMoving = isMoving;
    isMoving = MOVES.test(event.code);
    // A key that is held down is a person's.
    if (event.repeat && !isScan() && !actsAlone(event)) return;
    keyAt = at;
    if (sinceKey > SCANNER_MS) run = { undo: begun(), isScan: false };
    if (event.ctrlKey || event.altKey || event.metaKey) {
      if (!isField(event.target) && (isScan() || sinceKey <= SCANNER_MS || actsAlone(event))) claim(event);
      return;
    }
    if (ENDS.has(event.code)) {
      const isEnd = endedScan(event);
      if (!isEnd && !isField(event.target)) {
        if (event.code !== "Tab") hold(event, sinceKey >= ALONE_MS && sinceCharacter >= PAUSE_MS);
        else if (sinceKey <= SCANNER_MS && !wasMoving) claim(event);
      }
      endLine();
      endedAt = Number.NEGATIVE_INFINITY;
      return;
    }
    const character = characterOf(event);
    if (character || event.key.length === 1) note(character || event.key, at);
    const isCodes = character ? type(event, character) : isScan();
    if (isCodes && !character) claim(event);
    if (isCodes || isField(event.target)) return;
    if (line.length >= FOREIGN_MIN && at - begunAt < SCANNER_MS * (line.length - 1)) isScanOf(run);
    if (run.isScan) claim(event);
    else if (actsAlone(event)) hold(event, sinceKey >= ALONE_MS && sinceCharacter >= PAUSE_MS);
    else if (isMoving && sinceKey <= SCANNER_MS && !wasMoving) claim(event);
  };
  addEventListener("keydown", key, { capture: true, signal });
  // A button is pressed when its Space comes up again.
  const up = (event: KeyboardEvent) => {
    if (isScan() || (event.code === "Space" && !isField(event.target))) claim(event);
  };
  addEventListener("keyup", up, { capture: true, signal });
  addEventListener("focusin", ({ target }) => (reached = isMoving ? target : null), { capture: true, signal });
  addEventListener("pointerdown", () => (isMoving = false), { capture: true, signal });
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    clearTimeout(holding);
  });
}

function claim(event: KeyboardEvent): void {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** Do what a key does that was held back. Enter and Space press what the focus came to by a key. */
function press({ target, key, code }: KeyboardEvent, isReached: boolean): void {
  if (!(target instanceof HTMLElement) || !target.isConnected) return;
  const again = new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true });
  if (!target.dispatchEvent(again)) return;
  if (code === "Escape") document.querySelector<HTMLDialogElement>("dialog[open]")?.close();
  else if (!isReached || !(code === "Space" || ENDS.has(code))) return;
  else if (target instanceof HTMLInputElement && code !== "Space") target.form?.requestSubmit();
  else target.click();
}

/** Whether characters are typed into it. */
function isField(target: EventTarget | null): target is HTMLInputElement {
  return target instanceof HTMLInputElement && target.type !== "radio" && target.type !== "checkbox";
}

/** Remove the beginning of a code from the field that it was typed into. */
function takeBack(target: EventTarget | null, characters: number): void {
  if (isField(target)) target.value = target.value.slice(0, -characters);
}
