/** A file of somebody's own books, read in the browser: bytes, lines, and what each line books. */

import { say } from "./words.ts";

/** The largest file (bytes): some 300,000 lines, which a phone still holds. */
const FILE_MAX_BYTES = 32 * 1024 * 1024;
/** Lines between two breaths of the page. */
const AT_A_TIME = 2_000;

/** A file that cannot be read as CSV; the message says why, and what to do. */
export class WrongFile extends Error {}

/** Lets the page draw, and take what its reader does. */
export function breathe(): Promise<void> {
  return new Promise((go) => setTimeout(go));
}

/** The text of a file in UTF-8 or GB18030. Throws WrongFile. */
export function textOf(bytes: ArrayBuffer): string {
  if (bytes.byteLength > FILE_MAX_BYTES) {
    throw new WrongFile(say("console.books.too_large", { most: FILE_MAX_BYTES / 1024 / 1024 }));
  }
  const [first = 0, second = 0] = new Uint8Array(bytes.slice(0, 2));
  if (first === 0x50 && second === 0x4b) throw new WrongFile(say("console.books.workbook"));
  for (const encoding of ["utf-8", "gb18030"]) {
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
      if (!text.includes("\0")) return text;
    } catch {
      // Not in this encoding.
    }
  }
  throw new WrongFile(say("console.books.no_text"));
}

export interface Line {
  /** Where it begins in the file, from 1. */
  readonly number: number;
  readonly cells: readonly string[];
}

/** The lines of a CSV text (RFC 4180) that are not empty. Between cells: what the first line has most of. */
export async function linesOf(text: string): Promise<Line[]> {
  const head = text.slice(0, text.search(/[\r\n]|$/));
  const counted = [",", "\t", ";"].map((mark) => [mark, head.split(mark).length] as const);
  const [mark] = counted.reduce((most, one) => (one[1] > most[1] ? one : most));
  const special = new RegExp(`["${mark}\\r\\n]`, "g");
  const lines: Line[] = [];
  let cells: string[] = [];
  let cell = "";
  let number = 1;
  let begun = 1;
  let at = 0;
  const endLine = () => {
    cells.push(cell);
    if (cells.some((one) => one.trim() !== "")) lines.push({ number: begun, cells });
    cells = [];
    cell = "";
    number += 1;
    begun = number;
  };
  while (at < text.length) {
    special.lastIndex = at;
    const found = special.exec(text)?.index ?? text.length;
    cell += text.slice(at, found);
    at = found + 1;
    const sign = text[found];
    if (sign === mark) {
      cells.push(cell);
      cell = "";
    } else if (sign === '"' && cell === "") {
      const quoted = quotedAt(text, at);
      cell = quoted.text;
      at = quoted.end;
      number += quoted.text.split("\n").length - 1;
    } else if (sign === '"') {
      cell += '"';
    } else if (sign !== undefined) {
      if (sign === "\r" && text[at] === "\n") at += 1;
      endLine();
      if (number % AT_A_TIME === 0) await breathe();
    }
  }
  if (cell !== "" || cells.length > 0) endLine();
  return lines;
}

/** What stands in quotes from a place on, and the place after them. Throws WrongFile where they do not end. */
function quotedAt(text: string, from: number): { text: string; end: number } {
  let said = "";
  let at = from;
  for (;;) {
    const end = text.indexOf('"', at);
    if (end < 0) throw new WrongFile(say("console.books.open_quote"));
    said += text.slice(at, end);
    if (text[end + 1] !== '"') return { text: said, end: end + 1 };
    said += '"';
    at = end + 2;
  }
}

export const MEMBERS = ["day", "number", "amount"] as const;
/** Where in a line each member stands, from 0; -1: not known. */
export type Columns = Readonly<Record<(typeof MEMBERS)[number], number>>;

/** Headings that are known, without blanks and what stands in brackets. */
const KNOWN: Readonly<Record<keyof Columns, readonly string[]>> = {
  day: [
    ...["营业日", "营业日期", "日期", "业务日期", "交易日期", "记账日期", "入账日期"],
    ...["businessday", "businessdate", "day", "date"],
  ],
  number: [
    ...["记账号", "凭证号", "凭证编号", "收据号", "收据编号", "交易凭证号", "交易号", "流水号", "编号", "单号"],
    ...["posting", "postingid", "receipt", "receiptnumber", "number"],
  ],
  amount: ["金额", "交易金额", "收款金额", "消费金额", "amount", "amountyuan", "yuan"],
};

function plain(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[（(].*?[）)]/g, "")
    .replace(/[\s_.:：-]/g, "");
}

/** The columns whose headings are known. */
export function columnsOf(head: readonly string[]): Columns {
  const headings = head.map(plain);
  const at = (member: keyof Columns) => headings.findIndex((one) => KNOWN[member].includes(one));
  return { day: at("day"), number: at("number"), amount: at("amount") };
}

/** What a line books: money in fen, given back where it is negative. */
export interface Booked {
  readonly line: number;
  readonly number: string;
  readonly day: string;
  readonly fen: number;
}

export interface Fault {
  readonly line: number;
  readonly what: string;
}

/** `2026-11-07` of what people write for it; null for no day. */
export function dayIn(cell: string): string | null {
  const found = /^\s*(\d{4})\s*(?:[-/.年]\s*)?(\d{1,2})\s*(?:[-/.月]\s*)?(\d{1,2})\s*日?(?:[ T].*)?$/.exec(cell);
  if (!found) return null;
  const day = `${found[1]}-${found[2]?.padStart(2, "0")}-${found[3]?.padStart(2, "0")}`;
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day ? null : day;
}

/** Yuan with at most two decimals in fen, without a binary fraction on the way; null for no amount. */
export function fenIn(cell: string): number | null {
  const found = /^([-+−(]?)[¥￥]?(\d{1,3}(?:,\d{3})+|\d{1,13})(?:\.(\d{1,2})0*)?元?\)?$/.exec(cell.replace(/\s/g, ""));
  if (!found) return null;
  const fen = Number(`${found[2]?.replaceAll(",", "")}${(found[3] ?? "").padEnd(2, "0")}`);
  return found[1] === "" || found[1] === "+" ? fen : -fen;
}

function bookedIn(line: Line, columns: Columns): Booked | string {
  const cell = (member: keyof Columns) => (line.cells[columns[member]] ?? "").trim();
  const number = cell("number").replace(/^'/, "");
  const day = dayIn(cell("day"));
  const fen = fenIn(cell("amount"));
  if (number === "") return say("console.books.no_number");
  if (day === null) return say("console.books.no_day", { said: cell("day") });
  if (fen === null) return say("console.books.no_amount", { said: cell("amount") });
  return { line: line.number, number, day, fen };
}

/** What all lines below the headings book, and what is wrong with those that book nothing. */
export async function readBooks(lines: readonly Line[], columns: Columns) {
  const booked: Booked[] = [];
  const faults: Fault[] = [];
  for (const [at, line] of lines.slice(1).entries()) {
    const one = bookedIn(line, columns);
    if (typeof one === "string") faults.push({ line: line.number, what: one });
    else booked.push(one);
    if (at % AT_A_TIME === 0) await breathe();
  }
  return { booked, faults };
}
