/** Money and times as people read them. Money is in fen; a centre's clock is Shanghai's, its days are `2026-11-27`. */

import type { Language } from "./texts.ts";

const TAGS = { zh: "zh-CN", en: "en-GB" } as const;
const ZONE = "Asia/Shanghai";

/** `20.00`: yuan with two digits. */
export function yuan(fen: number): string {
  const sign = fen < 0 ? "-" : "";
  const digits = String(Math.abs(fen)).padStart(3, "0");
  return `${sign}${Number(digits.slice(0, -2)).toLocaleString("en-US")}.${digits.slice(-2)}`;
}

/** The same with its sign: `+20.00`. */
export function change(fen: number): string {
  return `${fen > 0 ? "+" : ""}${yuan(fen)}`;
}

/** Seconds since 1970, or a time with its zone as the API writes it. */
export type Moment = number | string;

function milliseconds(at: Moment): number {
  return typeof at === "number" ? at * 1000 : Date.parse(at);
}

function formatted(at: number, language: Language, parts: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(TAGS[language], { ...parts, timeZone: ZONE }).format(at);
}

const HOURS = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

/** Day and month: in English the month has its name, since 5/12 is another day to others. */
function dayParts(language: Language) {
  return { month: language === "en" ? "short" : "numeric", day: "numeric" } as const;
}

/** The day and minute of a time at the centre. */
export function dayAndTime(at: Moment, language: Language): string {
  return formatted(milliseconds(at), language, { ...dayParts(language), ...HOURS });
}

/** The same to the second. */
export function dayAndSecond(at: Moment, language: Language): string {
  return formatted(milliseconds(at), language, { ...dayParts(language), ...HOURS, second: "2-digit" });
}

/** `11:30`, the minute of a time at the centre. */
export function clock(at: Moment, language: Language): string {
  return formatted(milliseconds(at), language, HOURS);
}

/** `11:30:07`. */
export function clockWithSeconds(at: Moment, language: Language): string {
  return formatted(milliseconds(at), language, { ...HOURS, second: "2-digit" });
}

/** A day in short, with its weekday. */
export function weekday(day: string, language: Language): string {
  const parts = { ...dayParts(language), weekday: "short" } as const;
  return formatted(Date.parse(`${day}T12:00:00+08:00`), language, parts);
}

/** A day with its year. */
export function longDay(day: string, language: Language): string {
  return formatted(Date.parse(`${day}T12:00:00+08:00`), language, { year: "numeric", month: "long", day: "numeric" });
}

/** `2026-11` in words. */
export function monthInWords(month: string, language: Language): string {
  return formatted(Date.parse(`${month}-15T12:00:00+08:00`), language, { year: "numeric", month: "long" });
}

/** The centre's day at a time, `days` later. */
export function dayOf(now: number, days = 0): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE }).format(now + days * 86_400_000);
}

/** A month, `2026-11`, some months later. */
export function monthLater(month: string, months: number): string {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + months, 1)).toISOString().slice(0, 7);
}

const SPANS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** `3 hours ago`: how long before a moment, in milliseconds, a time was. */
export function ago(at: Moment, now: number, language: Language): string {
  const past = now - milliseconds(at);
  const [unit, length] = SPANS.find(([, span]) => past >= span) ?? SPANS[2];
  return new Intl.RelativeTimeFormat(TAGS[language]).format(-Math.floor(past / length), unit);
}

/** `350 m`, `2.4 km`. */
export function distance(metres: number): string {
  return metres < 1000 ? `${metres} m` : `${(metres / 1000).toFixed(metres < 10_000 ? 1 : 0)} km`;
}
