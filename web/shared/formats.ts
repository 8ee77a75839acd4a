/** Money and times as people read them. Money is in fen, times in seconds since 1970; a centre's clock is Shanghai's. */

import type { Language } from "./texts.ts";

const TAGS = { zh: "zh-CN", en: "en-GB" } as const;

/** `20.00`: yuan with two digits. */
export function yuan(fen: number): string {
  const sign = fen < 0 ? "-" : "";
  const digits = String(Math.abs(fen)).padStart(3, "0");
  return `${sign}${Number(digits.slice(0, -2)).toLocaleString("en-US")}.${digits.slice(-2)}`;
}

/** The day and minute of a time at the centre. */
export function dayAndTime(atS: number, language: Language): string {
  const parts = { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  return new Intl.DateTimeFormat(TAGS[language], { ...parts, timeZone: "Asia/Shanghai" }).format(atS * 1000);
}
